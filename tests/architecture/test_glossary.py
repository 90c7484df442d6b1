"""The glossary has every module and every public class of the kernel, and nothing that is gone."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "docs/glossary.md").read_text()
TERMS, WHERE = GLOSSARY.split("\n## Where things are\n")
MODULE = re.compile(r"`(cqrs/[\w/]+\.py)`")
MODULES = {
    str(path.relative_to(ROOT)): path
    for path in (ROOT / "cqrs").rglob("*.py")
    if path.name != "__init__.py" and "migrations" not in path.parts
}
# Found by Django, and not by an import.
WITHOUT_CLASSES = re.compile(r"cqrs/(admin|management)/|/apps\.py$")


def rows(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.replace(r"\|", "").strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ") and "---" not in line and not line.startswith("| module |")
    ]


def listed() -> dict[str, set[str]]:
    """Return the classes that the page lists, by module."""
    found: dict[str, set[str]] = {}
    for module, _, classes in rows(WHERE):
        [path] = MODULE.findall(module)
        assert path not in found, f"{path} stands there twice"
        found[path] = set(re.findall(r"`(\w+)`", classes))
    return found


def public_classes(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }


class TestGlossary:
    def test_has_every_module_of_the_kernel(self):
        assert sorted(MODULES.keys() - listed().keys()) == []

    def test_names_no_module_that_is_gone(self):
        assert sorted(set(MODULE.findall(GLOSSARY)) - MODULES.keys()) == []

    def test_has_every_public_class_beside_its_module(self):
        lacking = {
            name: missing
            for name, path in MODULES.items()
            if not WITHOUT_CLASSES.search(name)
            and (missing := public_classes(path) - listed().get(name, set()))
        }
        assert lacking == {}

    def test_names_no_class_that_is_gone(self):
        gone = {
            name: extra
            for name, classes in listed().items()
            if name in MODULES and (extra := classes - public_classes(MODULES[name]))
        }
        assert gone == {}

    def test_says_of_each_term_what_it_is_and_where(self):
        for row in rows(TERMS):
            assert len(row) == 4, row
            if row[0] != "term":
                assert row[2].endswith("."), row
                assert MODULE.fullmatch(row[3]), row

    def test_has_each_term_once(self):
        terms = [row[0] for row in rows(TERMS) if row[0] != "term"]
        assert len(terms) > 50
        assert len(terms) == len(set(terms))
