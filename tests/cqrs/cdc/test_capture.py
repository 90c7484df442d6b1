"""Running a source until it is stopped."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import OperationalError

from cqrs.adoption.adopting import Looked
from cqrs.adoption.scanning import Scanned
from cqrs.cdc import capture
from cqrs.cdc.capture import Capture, Handle, Missed
from cqrs.cdc.changes import Record
from cqrs.cdc.due import DueLooks
from cqrs.cdc.handling import ChangeHandler
from cqrs.projections.models import CaptureState
from tests.support.desk import wait_for
from tests.support.waiting import BOTH

HEARTBEAT = Record("__debezium-heartbeat.desk", "{}", '{"ts_ms":1700000000000}')


class Runs:
    """A source whose runs do one thing after the other; the last one stops it."""

    name = "runs"

    def __init__(self, stop: threading.Event, *runs: Any) -> None:
        self.stop, self.runs = stop, list(runs)

    def run(self, handle: Handle, missed: Missed, stop: threading.Event) -> None:
        given = self.runs.pop(0) if self.runs else stop.set()
        if isinstance(given, Exception):
            raise given
        if given:
            handle(given)


def nothing(*_: Any) -> None:
    return None


def captured(
    *runs: Any, look: Any = nothing, scan: Any = lambda: iter(())
) -> tuple[Capture, CaptureState]:
    """Run to the end; return how it stood then."""
    stop = threading.Event()
    watched = {"library_book": ("book", "id")}
    handler = ChangeHandler(watched, wake=nothing, look=look, park=nothing)
    due = DueLooks("runs", stop, look=nothing, scan=scan)
    found = Capture(Runs(stop, *runs), handler, stop, due)
    found.run()
    return found, CaptureState.objects.get(source="runs")


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "FIRST_PAUSE_S", 0.01)


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestCapture:
    def test_says_that_it_was_stopped(self):
        _, row = captured()
        assert (row.state, row.reason, row.changes) == ("stopped", "", 0)

    def test_counts_what_it_has_handled_and_when_that_was_committed(self):
        _, row = captured([HEARTBEAT, HEARTBEAT])
        assert row.changes == 2
        assert row.captured_at.timestamp() == 1_700_000_000

    def test_begins_again_after_a_failure(self):
        _, row = captured(ValueError("no"), [HEARTBEAT])
        assert (row.state, row.changes) == ("stopped", 1)

    def test_repeats_a_batch_while_a_database_is_away(self):
        looks: list[Sequence[Any]] = []

        def look(_: str, ids: Any) -> None:
            looks.append(ids)
            if len(looks) < 3:
                raise OperationalError("gone")

        key = '{"id":"00000000-0000-0000-0000-000000000001"}'
        captured([Record("desk.public.library_book", key, '{"op":"u"}')], look=look)
        assert len(looks) == 3

    def test_compares_all_rows_once_after_its_first_batch(self):
        scans: list[int] = []

        def scan() -> Iterator[Any]:
            scans.append(1)
            yield Scanned("book", 1, Looked())

        found, _ = captured([HEARTBEAT], scan=scan)
        wait_for(lambda: scans == [1] and not found.state.is_scan_due())
        captured([HEARTBEAT], [HEARTBEAT], scan=scan)
        assert scans == [1]
