"""However the log is worked off, the read models say what the log says.

Histories come in pieces and batches of any size, to any number of partitions that changes on the
way; runners die in a batch, before its commit or after it, and overtake each other between
reading and claiming; handlers fail, and are mended later.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cqrs.consumers.runner import Runner
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log import sequencer
from cqrs.event_log.events import RecordedEvent
from cqrs.models import EventRecord, Pending
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.projection import Projection
from cqrs.testing.examples import EXAMPLES, undone
from cqrs.testing.projection_contract import Crash
from readmodels.projections import PROJECTIONS
from tests.readmodels.projections import (
    test_customers,
    test_order_history,
    test_orders,
    test_product_sales,
    test_sales,
    test_stock,
)
from tests.support.consumers import Applying
from tests.support.desk import FULL_COUNTS
from tests.support.histories import STEPS as STEPS_OF_HISTORIES
from tests.support.histories import compose
from tests.support.log import Log

CONTRACTS = [
    test_orders.TestOrders(),
    test_customers.TestCustomers(),
    test_stock.TestStock(),
    test_sales.TestSales(),
    test_product_sales.TestProductSales(),
    test_order_history.TestOrderHistory(),
]
IN_A_BATCH, BEFORE_COMMIT, AFTER_COMMIT = "in a batch", "before its commit", "after its commit"

# Sequence some events and drain in batches of a size, or in one transaction near the head, over and
# over; and what may come between.
GO = st.tuples(
    st.just("go"), st.integers(1, 12), st.integers(1, 6), st.sampled_from([0, 2, 10, 500])
)
STEPS = st.lists(
    st.one_of(
        GO,
        GO,
        st.tuples(st.just("poison"), st.integers(0, 15)),
        st.tuples(st.just("poison"), st.integers(0, 15)),
        st.tuples(st.just("mend"), st.integers(0, 15)),
        st.tuples(st.just("retry")),
        st.tuples(st.just("repartition"), st.integers(1, 5)),
    ),
    min_size=8,
    max_size=30,
)
# What happens at the next chances for it: mostly nothing.
FAULTS = st.lists(
    st.sampled_from([None] * 6 + [IN_A_BATCH, BEFORE_COMMIT, AFTER_COMMIT, "drain", "retry"]),
    min_size=10,
    max_size=80,
)
LONG_HISTORIES = st.lists(STEPS_OF_HISTORIES, min_size=15, max_size=60)


class Work:
    """The consumers, what becomes of them, and two runners that share them."""

    def __init__(self, faults: Sequence[str | None]) -> None:
        self.faults: Iterator[str | None] = iter(faults)
        self.poisoned: set[Any] = set()
        self.consumers = [Frail(projection, self) for projection in PROJECTIONS]
        self.runner, self.other = Met(self), _runner()

    def fault(self, *possible: str) -> str | None:
        """Return what happens now, of what can; the rest comes to nothing."""
        payload = next(self.faults, None)
        return payload if payload in possible else None

    def go(self, count: int, batch: int, near: int) -> None:
        sequencer.step(count)
        self.runner.batch, self.runner.near = batch, near
        self.runner.drain(*self.consumers)

    def poison(self, number: int) -> None:
        """Let an aggregate's events fail, from one of the next that come."""
        coming = Pending.objects.order_by("event_id").values_list("event_id", flat=True)[:16]
        if coming:
            event = EventRecord.objects.get(pk=coming[number % len(coming)])
            self.poisoned.add(event.stream_id)

    def mend(self, number: int) -> None:
        if self.poisoned:
            self.poisoned.remove(sorted(self.poisoned)[number % len(self.poisoned)])

    def repartition(self, partitions: int) -> None:
        for consumer in self.consumers:
            if consumer.projection.is_divisible:
                self.runner.repartition(consumer, partitions)

    def retry(self) -> None:
        self.retry_with(self.runner)

    def retry_with(self, runner: Runner) -> int:
        return sum(
            runner.retries.retry(consumer, stream)
            for consumer in self.consumers
            for stream in sorted(
                set(runner.parking.rows(consumer.name).values_list("stream_type", "stream_id"))
            )
        )

    def end(self) -> None:
        """Mend everything, and let it run to its end undisturbed."""
        self.faults, self.poisoned = iter(()), set()
        sequencer.sequence()
        self.other.drain(*self.consumers)
        while self.retry_with(self.other):
            pass


class Frail(Applying):
    """A projection that fails on poisoned aggregates, and with which a runner may die."""

    def __init__(self, projection: Projection, work: Work) -> None:
        self.projection, self.work = projection, work
        self.name, self.version = projection.name, projection.version
        self.partitions, self.types = projection.partitions, projection.types
        self.home_of = projection.home_of

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        fault = self.work.fault(IN_A_BATCH, BEFORE_COMMIT)
        middle = len(events) // 2 if fault == IN_A_BATCH else len(events)
        for part in filter(None, (events[:middle], events[middle:])):
            self.projection.apply(part)
            if fault:
                raise Crash
        if any(event.stream_id in self.work.poisoned for event in events):
            raise KeyError("a bug, found when half was written")


class Met(Runner):
    """A runner that may die after a commit, and that another one may overtake before a claim."""

    def __init__(self, work: Work) -> None:
        super().__init__(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS)
        self.work = work

    def run(self, *arguments: Any) -> Any:
        return self._meeting(super().run, *arguments)

    def _meeting(self, go_on: Callable[..., Any], *arguments: Any) -> Any:
        fault = self.work.fault("drain", "retry", AFTER_COMMIT)
        if fault == "drain":
            self.work.other.drain(*self.work.consumers)
        if fault == "retry":
            self.work.retry_with(self.work.other)
        result = go_on(*arguments)
        if fault == AFTER_COMMIT:
            raise Crash
        return result


def _runner() -> Runner:
    return Runner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS, batch=5)


@pytest.mark.timeout(3_000 if FULL_COUNTS else 300)
@pytest.mark.django_db(databases=["default", PROJECTION_ALIAS])
class TestAnyRun:
    @settings(EXAMPLES, max_examples=500 if FULL_COUNTS else 12)
    @given(LONG_HISTORIES, STEPS, FAULTS)
    def test_ends_with_what_the_log_says(self, history: Any, steps: Any, faults: Any) -> None:
        with undone():
            log, work = Log(), Work(faults)
            compose(log, history)
            log.published()
            for kind, *details in steps:
                with suppress(Crash):
                    getattr(work, kind)(*details)
            work.end()
            events = log.sequenced()
            assert ParkedEvent.objects.count() == 0
            assert {p.position for p in work.other.started(*work.consumers)} == {len(events)}
            for contract in CONTRACTS:
                assert contract.observed() == type(contract).fold(events)
