"""What the documentation says of names is what the code says: no more and no less."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands
from drf_spectacular.generators import SchemaGenerator

from config.roles import ROLES
from config.setting import SETTINGS
from config.settings_page import page
from cqrs.event_log.events import event_types
from cqrs.messaging import bus
from cqrs.messaging.messages import Command, Message, Query
from cqrs.reactions.registry import reactions
from readmodels.projections import PROJECTIONS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "cqrs", "customers", "orders", "readmodels")
CODE = [
    *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")),
    ROOT / "manage.py",
]
READ_DIRECTLY = re.compile(
    r'os\.environ(?:\.get\(|\[)\s*"([A-Z][A-Z_]+)"|"([A-Z_]+)" in os\.environ'
)
# One of our processes sets them for the next one.
OUR_OWN = {"SERVE_PID", "IN_PROCESS_WORKER", "END_WITH_PARENT", "PATH"}
SAID = re.compile(
    r'(?:reject|refuse|Rejected)\(\s*"([a-z_]+)"'
    r'|problem\(\s*request,\s*\d+,\s*"([a-z_]+)"'
    r'|\b(?:default_)?code = "([a-z_]+)"'
    r'|Refusal\(\d+, "([a-z_]+)"'
)
DRF_CODES = {"method_not_allowed", "not_acceptable", "unsupported_media_type"}
BASE_CODES = {"unavailable"}  # of a base class: nothing is refused with it


def sections() -> dict[str, list[list[str]]]:
    """Return the rows of the tables of docs/reference.md, by the heading that they stand under."""
    found: dict[str, list[list[str]]] = {}
    for part in re.split(r"^## ", (ROOT / "docs/reference.md").read_text(), flags=re.M)[1:]:
        title, _, text = part.partition("\n")
        rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
        found[title] = [
            [cell.strip() for cell in row] for row in rows if row[0].strip().startswith("`")
        ]
    return found


REFERENCE = sections()


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def by_name(section: str) -> dict[str, list[str]]:
    return {names(row[0])[0]: row[1:] for row in REFERENCE[section]}


@pytest.fixture(scope="module")
def addresses() -> dict[str, str]:
    paths = SchemaGenerator().get_schema(public=True)["paths"]
    return {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def messages(kind: type[Message]) -> dict[str, type[Message]]:
    return {message.__name__: message for message in bus.handlers() if issubclass(message, kind)}


def roles(message: type[Message]) -> str:
    return ", ".join(
        role for role, permissions in ROLES.items() if message.permission in permissions
    )


class TestMessages:
    @pytest.mark.parametrize(("section", "kind"), [("Commands", Command), ("Queries", Query)])
    def test_stand_there_with_address_permission_and_roles(
        self, section: str, kind: type[Message], addresses: dict[str, str]
    ):
        expected = {
            name: [
                f"`{addresses.get(name, 'manage.py import_orders')}`",
                f"`{message.permission}`",
                roles(message),
            ]
            for name, message in messages(kind).items()
        }
        assert {name: row[:3] for name, row in by_name(section).items()} == expected

    def test_stand_there_with_what_they_refuse_with(self):
        codes = set(by_name("Refusals"))
        for name, message in messages(Command).items():
            said = set(names_in(sys.modules[message.__module__].__doc__)) & codes
            assert set(names(by_name("Commands")[name][3])) == said, name

    def test_stand_there_with_their_read_model(self):
        for name, message in messages(Query).items():
            assert by_name("Queries")[name][3] == f"`{message.projection}`"


def names_in(text: str | None) -> list[str]:
    return names(text or "")


class TestEvents:
    def test_stand_there_as_they_are(self):
        expected = {
            event.__name__: [
                [event.wire_name],
                str(event.schema_version),
                list(event.model_fields),
                sorted(event.personal),
            ]
            for event in event_types().values()
        }
        assert {
            name: [names(wire_name), version, names(data), names(personal)]
            for name, (wire_name, version, data, personal) in by_name("Events").items()
        } == expected


class TestConsumers:
    def test_stand_there(self):
        expected = {projection.name for projection in PROJECTIONS}
        expected |= {reaction.name for reaction in reactions()}
        assert set(by_name("What happens because of them")) == expected

    def test_stand_there_with_what_they_react_to(self):
        rows = by_name("What happens because of them")
        for reaction in reactions():
            assert names(rows[reaction.name][0]) == [reaction.event_type]


class TestRefusals:
    def test_stand_there_if_the_code_refuses_with_them(self):
        found = set(DRF_CODES)
        for path in CODE:
            for codes in SAID.findall(path.read_text()):
                found |= set(filter(None, codes))
        assert set(by_name("Refusals")) == found - BASE_CODES


class TestManagementCommands:
    def test_stand_there(self):
        ours = {name for name, app in get_commands().items() if app in PACKAGES}
        listed = [name for row in REFERENCE["Management commands"] for name in names(row[0])]
        assert {name.split()[0] for name in listed} == ours


class TestSettings:
    def test_stand_there_as_they_are_declared(self):
        """If not: manage.py settings_report --docs > docs/settings.md."""
        assert (ROOT / "docs/settings.md").read_text() == page()

    def test_are_declared_if_the_code_reads_them_past_the_declarations(self):
        assert set(read_directly()) <= SETTINGS.keys()


def read_directly() -> Iterator[str]:
    for path in CODE:
        for pair in READ_DIRECTLY.findall(path.read_text()):
            yield from ({*pair} - OUR_OWN - {""})
