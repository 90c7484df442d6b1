"""Each command of ours says in its `--help` how to call it, and what its exit codes are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from cqrs.management.commands.projections import SUBCOMMANDS

ROOT = Path(__file__).resolve().parents[2]
OF_DJANGO = {"flush", "migrate"}
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
        if (
            isinstance(app, str)
            and (ROOT / app.replace(".", "/")).is_dir()
            and name not in OF_DJANGO
        ):
            yield name, app


@pytest.mark.parametrize(("name", "app"), list(own_commands()))
def test_help_of_a_command_has_an_example_and_the_exit_codes(name: str, app: str) -> None:
    parser = load_command_class(app, name).create_parser("manage.py", name)
    text = " ".join(parser.format_help().split()).lower()
    assert f"manage.py {name}" in text.partition("example:")[2]
    assert "exit codes:" in text


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_help_of_a_subcommand_has_an_example_and_the_exit_codes(name: str) -> None:
    examples = SUBCOMMANDS[name].examples
    assert examples.startswith(f"Example: manage.py projections {name}")
    assert " Exit codes: 0" in examples


@pytest.mark.parametrize("name", sorted(REPORT))
def test_what_reports_can_do_so_as_json(name: str) -> None:
    command, *subcommand = name.split()
    parser = load_command_class(dict(own_commands())[command], command).create_parser("", command)
    given = [*subcommand, *REPORT[name], "--json"]
    assert parser.parse_args(given).json


def test_finds_the_commands() -> None:
    assert {"projections", "import_orders", "serve", "web", "roles"} <= dict(own_commands()).keys()
