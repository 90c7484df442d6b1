"""docs/logs.md names every line that the code logs: its area, its levels and its fields."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/logs.md").read_text()
PACKAGES = ("config", "cqrs", "customers", "orders", "readmodels")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
WITHOUT_A_NAME = {"exc_info"}

Line = tuple[str, str, str, tuple[str, ...]]


def logged(path: Path) -> Iterator[Line]:
    """Yield event, area, level and fields of each call of the module's `log`."""
    tree = ast.parse(path.read_text())
    area = next(filter(None, map(area_in, tree.body)), "")
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("log"), attr=method), args=[name]) if (
                method in LEVELS
            ):
                fields = {keyword.arg or "…" for keyword in node.keywords} - WITHOUT_A_NAME
                level = "error" if method == "exception" else method
                for event in events_in(name):
                    yield event, area, level, tuple(sorted(fields))


def events_in(name: ast.expr) -> list[str]:
    """Return the events of a call: one, or one of two."""
    match name:
        case ast.Constant(value=event):
            return [str(event)]
        case ast.IfExp(body=first, orelse=second):
            return events_in(first) + events_in(second)
    raise AssertionError(f"an event has to be a constant: {ast.unparse(name)}")


def area_in(node: ast.stmt) -> str | None:
    match node:
        case ast.Assign(targets=[ast.Name("log")], value=ast.Call(args=[ast.Constant(value=area)])):
            return str(area)
    return None


def in_code() -> set[Line]:
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {line for path in paths for line in logged(path)}


def on_page() -> list[Line]:
    rows = re.findall(r"^\| `(\w+)` \| `([\w.]+)` \| (\w+) \| (.*?) \|", PAGE, flags=re.M)
    return [
        (event, area, level, tuple(sorted(re.findall(r"`([\w…]+)`", fields))))
        for event, area, level, fields in rows
    ]


class TestLines:
    def test_stand_there(self):
        assert sorted(in_code() - set(on_page())) == []

    def test_that_are_gone_do_not_stand_there(self):
        assert sorted(set(on_page()) - in_code()) == []

    def test_stand_there_once(self):
        assert len(on_page()) == len(set(on_page())) > 50

    def test_come_from_our_areas_alone(self):
        assert {area.partition(".")[0] for _, area, _, _ in in_code()} <= set(PACKAGES)

    def test_are_logged_by_structlog_alone(self):
        """A logger of the standard library would write no fields."""
        paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
        assert [path for path in paths if "logging.getLogger" in path.read_text()] == []
