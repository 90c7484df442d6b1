"""Each command and subcommand of ours says in its `--help` how to call it, and its exit codes."""

from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).resolve().parents[2]
# What reports, with the arguments that it must have.
REPORT = {
    "cdc status": [],
    "import_orders": ["orders.csv"],
    "load": [],
    "projections heal": [],
    "projections parked list": [],
    "projections status": [],
    "projections verify": [],
    "roles": ["--check"],
    "settings_report": [],
}


def own_commands() -> Iterator[tuple[str, str]]:
    for name, app in sorted(get_commands().items()):
        if isinstance(app, str) and (ROOT / app.replace(".", "/")).is_dir():
            yield name, app


def parsers() -> Iterator[tuple[str, ArgumentParser]]:
    """Yield every command and every subcommand, with its full name."""
    for name, app in own_commands():
        parser = load_command_class(app, name).create_parser("manage.py", name)
        yield from with_subcommands(name, parser)


def with_subcommands(name: str, parser: ArgumentParser) -> Iterator[tuple[str, ArgumentParser]]:
    yield name, parser
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for own, subcommand in action.choices.items():
                yield from with_subcommands(f"{name} {own}", subcommand)


@pytest.mark.parametrize(
    ("name", "parser"), [pytest.param(*each, id=each[0]) for each in parsers()]
)
def test_help_has_an_example_and_the_exit_codes(name: str, parser: ArgumentParser) -> None:
    text = " ".join(parser.format_help().split()).lower()
    assert f"manage.py {name}" in text.partition("example:")[2]
    assert "exit codes:" in text.partition("example:")[2]


@pytest.mark.parametrize("name", sorted(REPORT))
def test_what_reports_can_do_so_as_json(name: str) -> None:
    command, *subcommand = name.split()
    parser = load_command_class(dict(own_commands())[command], command).create_parser("", command)
    given = [*subcommand, *REPORT[name], "--json"]
    assert parser.parse_args(given).json


def test_finds_the_commands() -> None:
    found = dict(parsers())
    assert {"cdc drop", "migrate", "projections", "projections parked retry"} <= found.keys()
    assert {"projections", "import_orders", "serve", "web", "roles"} <= found.keys()
