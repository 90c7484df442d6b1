"""The architecture page and the kernel page agree with `cqrs/conf.py` and pyproject.toml."""

import re
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

from cqrs.conf import DEFAULTS

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
KERNEL = (ROOT / "docs/kernel.md").read_text()
THE_ORDER = "[the order](architecture.md#the-behaviors)"
TITLES = {"COMMAND_BEHAVIORS": "commands", "QUERY_BEHAVIORS": "queries"}


def section(page: str, title: str) -> str:
    return page.split(f"\n## {title}\n")[1].split("\n## ")[0]


def dotted(row: tuple[str, str]) -> str:
    name, module = row
    return f"{module.removesuffix('.py').replace('/', '.')}.{name}"


class TestBehaviors:
    @pytest.mark.parametrize(("setting", "title"), list(TITLES.items()))
    def test_stand_there_in_their_order(self, setting: str, title: str):
        part = section(ARCHITECTURE, "The behaviors").split(f"\nAround {title}:\n")[1]
        part = part.split("\nAround ")[0]
        rows = re.findall(r"^\| `(\w+)` \| `([\w/.]+)` \|", part, flags=re.M)
        assert [dotted(row) for row in rows] == list(getattr(DEFAULTS, setting))


class TestLayers:
    def test_are_drawn_as_they_are_checked(self):
        contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
        [layers] = [
            contract["layers"]
            for contract in contracts["contracts"]
            if contract.get("containers") == ["cqrs"]
        ]
        drawn = section(ARCHITECTURE, "The kernel's layers")
        assert re.findall(r'\["([^"]+)"\]', drawn) == layers


class TestSettings:
    def test_stand_there_with_their_defaults(self):
        part = section(KERNEL, "The setting `CQRS`")
        rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", part, flags=re.M)
        expected = [
            (name, THE_ORDER if name in TITLES else f"`{default!r}`")
            for name, default in asdict(DEFAULTS).items()
        ]
        assert rows == expected


class TestChecks:
    def test_stand_there_with_their_ids(self):
        code = "".join(path.read_text() for path in (ROOT / "cqrs/operations/checks").glob("*.py"))
        listed = re.findall(r"^\| `(cqrs\.[EW]\d+)` \|", KERNEL, flags=re.M)
        assert listed == sorted(set(re.findall(r"cqrs\.[EW]\d+", code)))
