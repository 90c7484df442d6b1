"""The examples in the kernel's docstrings do what they say, and README names what exists."""

import doctest
import importlib
import re
from operator import attrgetter
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands
from django.urls import resolve

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
# What a project declares or calls. Each has an example.
USED_BY_PROJECTS = {
    "cqrs.event_log.events",
    "cqrs.messaging.bus",
    "cqrs.messaging.messages",
    "cqrs.messaging.pipeline",
    "cqrs.projections.projection",
    "cqrs.queries.filtersets",
    "cqrs.queries.paging",
    "cqrs.queries.specifications",
    "cqrs.reactions.reaction",
}


def modules_with_examples() -> list[str]:
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "cqrs").rglob("*.py"))
        if re.search(r"^\s*>>> ", path.read_text(), flags=re.M)
    ]


class TestExamples:
    @pytest.mark.parametrize("name", modules_with_examples())
    def test_give_what_they_show(self, name: str):
        failed, tried = doctest.testmod(importlib.import_module(name))
        assert tried
        assert failed == 0

    def test_stand_in_each_module_that_projects_use(self):
        assert set(modules_with_examples()) >= USED_BY_PROJECTS


class TestReadme:
    def test_calls_addresses_that_exist(self):
        walk = README.split("## Try it")[1].split("\n## ")[0]
        paths = re.findall(r"\$api(/[^\s\"?']+)", walk)
        assert paths
        for path in paths:
            resolve("/api" + re.sub(r"\$\w+", "0b8a2e0e-8f0c-4d3a-9d0c-2f4d3f1c7a11", path))

    def test_names_pages_that_exist(self):
        pages = re.findall(r"`(/[\w/]+)`", README)
        pages += re.findall(r"127\.0\.0\.1:8000(/\w\S*)\)", README)
        assert len(pages) > 3
        for page in pages:
            resolve(page)

    def test_names_management_commands_that_exist(self):
        commands = re.findall(r"manage\.py ([a-z_]+)", README)
        assert commands
        assert set(commands) <= set(get_commands())

    def test_names_subcommands_of_projections_that_exist(self):
        for subcommand in set(re.findall(r"manage\.py projections ([a-z]+)", README)):
            with pytest.raises(SystemExit) as ended:
                call_command("projections", subcommand, "--help")
            assert ended.value.code == 0

    def test_names_functions_that_stand_in_the_file_beside_them(self):
        places = re.findall(r"`([\w.]+)` in \[(cqrs/[\w/]+)\.py\]", README)
        assert places
        for name, path in places:
            assert callable(attrgetter(name)(importlib.import_module(path.replace("/", "."))))
