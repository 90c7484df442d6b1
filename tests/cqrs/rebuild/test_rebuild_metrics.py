"""Rebuilds that run, and what verifications have found, in the metrics."""

import pytest
from django.utils import timezone

from cqrs.event_log import sequencer
from cqrs.operations import metrics
from cqrs.projections.models import Verification
from cqrs.rebuild.catch_up import catch_up
from cqrs.rebuild.table_copies import Slot, TableCopy, exclusive
from cqrs.rebuild.verify import verify
from readmodels.models import CustomerReadModel
from readmodels.projections import PROJECTIONS
from tests.support.built import filled, nothing_is_left, silent

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
]
_, CUSTOMERS, *_ = PROJECTIONS


def gauges(name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in metrics.registry().collect()
        for sample in family.samples
        if sample.name == name
    }


def drifts() -> float:
    return gauges("cqrs_verify_drifts")["customers",]


def scopes() -> set[str]:
    """Return how the projection was verified."""
    found = gauges("cqrs_verify_timestamp_seconds")
    return {scope for (name, scope), at in found.items() if at and name == "customers"}


def verified(parts: int = 1, *, repair: bool = False) -> float:
    list(verify(CUSTOMERS, silent, parts=parts, repair=repair))
    return drifts()


class TestRebuild:
    def test_is_seen_while_it_runs_and_how_far_it_is(self) -> None:
        filled()
        copy = TableCopy(CUSTOMERS, Slot.SHADOW)
        assert set(gauges("cqrs_rebuild_running").values()) == {0}
        assert gauges("cqrs_rebuild_progress_ratio") == {}
        with exclusive(copy):
            copy.create(4)
            running = gauges("cqrs_rebuild_running")
            assert {name for name, value in running.items() if value} == {("customers",)}
            assert gauges("cqrs_rebuild_progress_ratio") == {("customers",): 0}
            catch_up(copy, silent)
            assert sequencer.head() > 0
            assert gauges("cqrs_rebuild_progress_ratio") == {("customers",): 1}
        copy.drop()
        assert set(gauges("cqrs_rebuild_running").values()) == {0}


class TestVerification:
    def test_is_remembered_with_what_it_has_left(self) -> None:
        filled()
        assert verified() == 0
        assert scopes() == {"all"}
        CustomerReadModel.objects.filter(name="Customer 3").update(email="wrong@example.com")
        assert verified() == 1
        assert verified(repair=True) == 0

    def test_of_a_sample_without_drift_leaves_that_of_an_earlier_one(self) -> None:
        filled()
        CustomerReadModel.objects.filter(name="Customer 3").update(email="wrong@example.com")
        assert verified() == 1
        while list(verify(CUSTOMERS, silent, parts=8)):
            pass
        assert drifts() == 1
        assert scopes() == {"all", "sample"}

    def test_is_at_0_for_each_projection_that_never_was_and_absent_for_a_removed_one(self) -> None:
        Verification.objects.create(projection="removed", drifts=3, verified_at=timezone.now())
        names = {projection.name for projection in PROJECTIONS}
        expected = {(name, scope): 0 for name in names for scope in ("sample", "all")}
        assert gauges("cqrs_verify_timestamp_seconds") == expected
        assert gauges("cqrs_verify_drifts") == {(name,): 0 for name in names}
