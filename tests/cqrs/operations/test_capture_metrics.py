"""Change data capture in the metrics."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cqrs.cdc import slots
from cqrs.operations.metrics import registry
from cqrs.projections.models import CaptureState
from tests.support.kernel_settings import cqrs
from tests.support.waiting import BOTH

NAMES = (
    "cqrs_cdc_up", "cqrs_cdc_lag_seconds",
    "cqrs_cdc_slot_active", "cqrs_cdc_slot_lost", "cqrs_cdc_lag_bytes", "cqrs_cdc_retained_bytes",
)  # fmt: skip


def samples(by: str = "") -> dict[str, float]:
    return {
        sample.labels[by] if by else sample.name: sample.value
        for family in registry().collect()
        for sample in family.samples
        if sample.name in NAMES
    }


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestChangeCapture:
    def test_is_not_there_while_nothing_captures(self):
        assert samples() == {}

    def test_leaves_out_a_source_that_was_stopped(self):
        now = timezone.now()
        CaptureState.objects.create(source="embedded", state="stopped", since=now, captured_at=now)
        CaptureState.objects.create(source="kafka", state="running", since=now, heard_at=now)
        assert samples("source") == {"kafka": 1}

    @pytest.mark.parametrize(
        ("state", "expected"), [("starting", 1), ("running", 1), ("failing", 0)]
    )
    def test_is_down_when_it_fails_and_not_while_it_starts(self, state: str, expected: int):
        CaptureState.objects.create(source="embedded", state=state, since=timezone.now())
        assert samples("source") == {"embedded": expected}

    def test_says_whether_it_runs_and_how_far_it_is(self):
        now = timezone.now()
        CaptureState.objects.create(
            source="embedded", state="running", since=now, heard_at=now,
            captured_at=now - timedelta(seconds=100),
        )  # fmt: skip
        with cqrs(CDC_NAME="metrics_test", CDC_DATABASE_URL=""):
            slots.create_slot()
            try:
                found = samples()
            finally:
                slots.drop_slot()
        assert found.keys() == set(NAMES)
        assert (found["cqrs_cdc_up"], found["cqrs_cdc_slot_active"]) == (1, 0)
        assert found["cqrs_cdc_slot_lost"] == 0
        assert 100 <= found["cqrs_cdc_lag_seconds"] < 200
        assert 0 <= found["cqrs_cdc_lag_bytes"] <= found["cqrs_cdc_retained_bytes"]
