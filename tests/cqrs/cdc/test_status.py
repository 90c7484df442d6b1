"""What the status says, and what it complains of."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from cqrs.cdc.slots import Slot
from cqrs.cdc.states import State
from cqrs.cdc.status import CaptureStatus, SourceStatus, capture_status
from cqrs.cdc.status_lines import status_lines
from cqrs.projections.models import CaptureState
from tests.support.waiting import BOTH

SINCE = datetime(2026, 1, 2, tzinfo=UTC)


def source(**changes: Any) -> SourceStatus:
    plain: dict[str, Any] = {
        "source": "embedded", "state": State.RUNNING, "reason": "", "since": SINCE,
        "lag_seconds": 0.25, "last_change_at": SINCE, "changes": 1_200, "scan_due": False,
    }  # fmt: skip
    return SourceStatus(**{**plain, **changes})


def slot(**changes: Any) -> Slot:
    plain: dict[str, Any] = {
        "active": True, "status": "reserved", "confirmed": 10, "lag": 2_048, "retained": 16_384
    }  # fmt: skip
    return Slot(**{**plain, **changes})


class TestStatus:
    def test_is_off_without_slot_and_process(self):
        found = CaptureStatus("desk", None, (source(state=State.STOPPED),))
        assert list(status_lines(found)) == ["change data capture: off"]
        assert found.complaints() == []

    def test_says_how_far_it_is(self):
        found = CaptureStatus("desk", slot(), (source(),))
        assert list(status_lines(found)) == [
            "change data capture (embedded): running, newest change 0.2 s old, 1,200 records",
            "slot desk: read, 2,048 bytes behind, 16,384 bytes of WAL retained",
        ]
        assert found.complaints() == []

    def test_complains_of_a_slot_that_no_process_reads(self):
        found = CaptureStatus("desk", slot(active=False), (source(state=State.STOPPED),))
        assert found.is_abandoned
        assert found.complaints() == [
            "no process reads the slot desk, for which the server keeps 16,384 bytes of WAL:"
            " `cdc run`, or `cdc drop`"
        ]

    def test_complains_of_a_slot_that_is_lost(self):
        found = CaptureStatus("desk", slot(active=False, status="lost"), ())
        [complaint] = found.complaints()
        assert complaint == "the slot desk is lost; `cdc run --source embedded` makes a new one"

    def test_complains_of_a_process_that_fails(self):
        failing = source(state=State.FAILING, reason="OperationalError: no")
        assert CaptureStatus("desk", slot(), (failing,)).complaints() == [
            "change data capture (embedded) is failing: OperationalError: no"
        ]


@pytest.mark.django_db(databases=BOTH)
class TestSource:
    @pytest.mark.parametrize(("heard_s_ago", "state"), [(1, State.RUNNING), (3_600, State.SILENT)])
    def test_is_silent_when_not_even_a_heartbeat_comes(self, heard_s_ago: int, state: State):
        heard = timezone.now() - timedelta(seconds=heard_s_ago)
        CaptureState.objects.create(source="kafka", state="running", since=SINCE, heard_at=heard)
        [found] = capture_status().sources
        assert found.state == state

    @pytest.mark.parametrize(("since_s_ago", "state"), [(1, State.STARTING), (3_600, State.SILENT)])
    def test_is_silent_when_its_start_hangs(self, since_s_ago: int, state: State):
        now = timezone.now()
        since = now - timedelta(seconds=since_s_ago)
        CaptureState.objects.create(source="kafka", state="starting", since=since, heard_at=now)
        [found] = capture_status().sources
        assert found.state == state
