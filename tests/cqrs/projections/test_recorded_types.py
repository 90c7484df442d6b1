"""What a released version of a projection handles is recorded, and a change needs a new version."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command

from cqrs.projections.projection import Projection
from cqrs.projections.recorded_types import changed, missing, path, recorded
from cqrs.projections.registry import projections
from customers.events import CustomerRegistered, CustomerUpdated
from tests.support.kernel_settings import cqrs
from tests.support.system_checks import found

REGISTERED, UPDATED = CustomerRegistered.wire_name, CustomerUpdated.wire_name


class Names(Projection):
    """Handles what a test says."""

    name = "names"
    home_of = "customer"
    tables = ()
    types: Any = ()

    def __init__(self, version: int, *types: str) -> None:
        self.version = version
        self.types = types


DEPLOYED: list[Projection] = []
Deploy = Callable[..., None]


@pytest.fixture
def deploy(settings: Any, tmp_path: Path) -> Deploy:
    """Return a function that names projections in the settings, with an empty folder of records."""

    def named(*others: Projection) -> None:
        DEPLOYED[:] = others
        settings.CQRS = {
            **settings.CQRS,
            "HANDLERS": [],
            "EVENTS": ["customers.events.EVENTS"],
            "PROJECTIONS": [f"{__name__}.DEPLOYED"],
            "REACTIONS": [],
            "EVENT_SCHEMAS_DIR": tmp_path,
        }

    return named


def record() -> str:
    output = StringIO()
    call_command("event_schemas", stdout=output)
    return output.getvalue()


class TestReleasedProjections:
    def test_handle_what_was_recorded(self) -> None:
        assert changed(projections()) == []

    def test_are_all_recorded(self) -> None:
        assert missing(projections()) == []


class TestCommand:
    def test_records_the_types_of_a_new_version_beside_the_others(self, deploy: Deploy) -> None:
        deploy(Names(1, UPDATED, REGISTERED))
        assert record().endswith("Recorded: the events that names v1 handle\n")
        deploy(Names(2, REGISTERED))
        assert record() == "Recorded: the events that names v2 handle\n"
        assert recorded() == {"names": {"1": [REGISTERED, UPDATED], "2": [REGISTERED]}}

    def test_records_versions_that_are_deployed_side_by_side(self, deploy: Deploy) -> None:
        deploy(Names(1, UPDATED), Names(2, REGISTERED))
        record()
        assert recorded() == {"names": {"1": [UPDATED], "2": [REGISTERED]}}

    def test_changes_no_file_without_a_new_version(self, deploy: Deploy) -> None:
        deploy(Names(1, UPDATED))
        record()
        before = path().read_bytes()
        assert record() == ""
        assert path().read_bytes() == before
        assert before.endswith(b"}\n")

    def test_refuses_a_changed_version(self, deploy: Deploy) -> None:
        deploy(Names(1, REGISTERED))
        record()
        deploy(Names(1, REGISTERED, UPDATED), Names(2, REGISTERED))
        with pytest.raises(CommandError) as refused:
            record()
        assert str(refused.value) == (
            "The events that names v1 handles have changed: raise its version"
        )
        assert orjson.loads(path().read_bytes()) == {"names": {"1": [REGISTERED]}}


class TestCheck:
    def test_finds_nothing_wrong_in_a_recorded_version(self, deploy: Deploy) -> None:
        deploy(Names(1, REGISTERED))
        record()
        assert found() == []

    def test_names_a_changed_version_with_the_difference(self, deploy: Deploy) -> None:
        deploy(Names(1, REGISTERED))
        record()
        deploy(Names(1, UPDATED))
        assert found() == [
            (
                "cqrs.E013",
                "names v1 handles other events than were recorded for it:"
                f" +{UPDATED}, -{REGISTERED}",
                "Raise its version, because the rows of this one were folded without the change."
                f" If this version was never released, remove its entry from {path()}.",
            )
        ]

    def test_warns_of_a_version_that_is_not_recorded(self, deploy: Deploy) -> None:
        deploy(Names(1, REGISTERED))
        record()
        deploy(Names(1, REGISTERED), Names(2, UPDATED))
        assert found() == [
            (
                "cqrs.W003",
                "It is not recorded which events names v2 handles",
                "manage.py event_schemas",
            )
        ]

    def test_compares_nothing_without_the_folder(self, deploy: Deploy, tmp_path: Path) -> None:
        deploy(Names(1, REGISTERED))
        with cqrs(EVENT_SCHEMAS_DIR=tmp_path / "missing"):
            assert found() == []
        with cqrs(EVENT_SCHEMAS_DIR=None):
            assert found() == []
