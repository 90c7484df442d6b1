"""The tests that the guarantees and the runbooks name exist, and each runbook names one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNBOOKS = sorted(set((ROOT / "docs/runbooks").glob("*.md")) - {ROOT / "docs/runbooks/README.md"})
PAGES = [ROOT / "docs/guarantees.md", *RUNBOOKS]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)(?:::(\w+))?`")
PROMISES = re.compile(r"^\| (?!promise|---)(.+) \|$", re.MULTILINE)


def is_there(path: str, group: str, name: str) -> bool:
    """Say whether the file has the class, and the class the test."""
    found = [
        each
        for each in ast.parse((ROOT / path).read_text()).body
        if isinstance(each, ast.ClassDef) and each.name == group
    ]
    return any(
        not name or (isinstance(each, ast.FunctionDef) and each.name == name)
        for one in found
        for each in one.body
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
class TestPages:
    def test_name_tests_that_exist(self, page: Path) -> None:
        named = NAMED.findall(page.read_text())
        assert named
        assert [each for each in named if not is_there(*each)] == []


class TestGuarantees:
    def test_name_a_test_for_each_promise(self) -> None:
        text = (ROOT / "docs/guarantees.md").read_text()
        promises = PROMISES.findall(text)
        assert len(promises) > 20
        assert [each for each in promises if not NAMED.search(each)] == []


class TestRunbooks:
    def test_are_all_in_the_list(self) -> None:
        text = (ROOT / "docs/runbooks/README.md").read_text()
        assert [page.name for page in RUNBOOKS if f"({page.name})" not in text] == []
