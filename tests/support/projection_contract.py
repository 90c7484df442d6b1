"""What every projection promises, whatever it projects. Each one's test inherits it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from django.db import connections, transaction
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cqrs.consumers.applier import Consumer
from cqrs.consumers.runner import Runner
from cqrs.event_log import sequencer
from cqrs.event_log.events import RecordedEvent
from cqrs.models import Feed
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from tests.support.desk import FULL_COUNTS
from tests.support.histories import CUTS, HISTORIES, cut, write
from tests.support.log import Log
from tests.support.threads import together

READ = "replica"
# pytest's fixtures are not made anew for each example: the examples undo what they wrote.
EXAMPLES = settings(
    deadline=None,
    max_examples=500 if FULL_COUNTS else 25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors,
                           HealthCheck.too_slow],
)  # fmt: skip


class Crash(BaseException):
    """What a runner dies of in these tests: no event is to blame."""


class ProjectionContract:
    projection: ClassVar[Consumer]
    models: ClassVar[Sequence[type[Model]]]
    fold: ClassVar[Callable[[Sequence[RecordedEvent]], dict[str, Any]]]
    """The rows that the events amount to: plain, event by event, and written independently."""

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        return {
            model.__name__: list(model.objects.order_by("pk").values()) for model in self.models
        }

    def observed(self) -> dict[str, Any]:
        """Return what the tables hold, in the shape of `fold`."""
        raise NotImplementedError

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        with transaction.atomic(using=READ):
            self.projection.apply(events)

    @pytest.mark.django_db(databases=["default", READ])
    @EXAMPLES
    @given(HISTORIES, CUTS)
    def test_any_cut_into_batches_gives_what_the_log_says(self, history: Any, sizes: Any) -> None:
        with undone():
            events = write(Log(), history)
            for batch in cut(events, sizes):
                self.apply(batch)
            assert self.observed() == type(self).fold(events)

    @pytest.mark.django_db(databases=["default", READ])
    @EXAMPLES
    @given(HISTORIES, CUTS)
    def test_applying_again_changes_nothing(self, history: Any, sizes: Any) -> None:
        with undone():
            events = write(Log(), history)
            self.apply(events)
            once = self.rows()
            for batch in cut(events, sizes):
                self.apply(batch)
                assert self.rows() == once

    @pytest.mark.django_db(databases=["default", READ])
    @EXAMPLES
    @given(HISTORIES, CUTS, st.integers(0, 20))
    def test_an_order_that_was_parked_makes_no_difference(
        self, history: Any, sizes: Any, which: int
    ) -> None:
        with undone():
            events = write(Log(), history)
            orders = sorted({e.stream_id for e in events if e.stream_type == "order"})
            parked = orders[which % len(orders)] if orders else None
            with undone():
                rest = [event for event in events if event.stream_id != parked]
                for batch in cut(rest, sizes):
                    self.apply(batch)
                for event in events:
                    if event.stream_id == parked:
                        self.apply([replace(event, late=True)])
                assert self.observed() == type(self).fold(events)
                rows = self.rows()
            self.apply(events)
            assert self.rows() == rows

    @pytest.mark.django_db(databases=["default", READ])
    def test_statements_do_not_grow_with_the_batch(self, log: Log) -> None:
        self.apply(life(log, 1))
        few = life(log, 2)[-14:]
        with CaptureQueriesContext(connections[READ]) as for_few:
            self.apply(few)
        many = life(log, 100)[len(few) :]
        with CaptureQueriesContext(connections[READ]) as for_many:
            self.apply(many)
        assert len(many) > 10 * len(few)
        assert len(for_many) == len(for_few)

    @pytest.mark.django_db(databases=["default", READ])
    def test_a_killed_runner_goes_on_where_it_was(
        self, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events, runner = life(log, 5), Runner(ProjectionCheckpoint, ParkedEvent, READ, batch=7)
        apply, calls = self.projection.apply, []

        def dies_late(batch: Sequence[RecordedEvent]) -> None:
            apply(batch)
            calls.append(batch)
            if len(calls) == 3:
                raise Crash

        monkeypatch.setattr(self.projection, "apply", dies_late)
        with pytest.raises(Crash):
            runner.drain(self.projection)
        before = sum(runner.positions(self.projection))
        every = self.projection.partitions * len(events)
        assert 0 < before < every
        assert self.observed() == type(self).fold(passed(runner, self.projection, events))

        monkeypatch.undo()
        assert runner.drain(self.projection) == every - before
        assert self.observed() == type(self).fold(events)

    @pytest.mark.django_db(transaction=True, databases=["default", READ])
    def test_two_runners_apply_everything_once(self) -> None:
        events, runner = life(Log(), 60), Runner(ProjectionCheckpoint, ParkedEvent, READ, batch=5)
        positions = together(*[lambda: runner.drain(self.projection)] * 2)
        assert len(events) == sequencer.head()
        partitions = self.projection.partitions
        assert sum(positions) == partitions * len(events)
        assert runner.positions(self.projection) == [len(events)] * partitions
        assert self.observed() == type(self).fold(events)


def passed(
    runner: Runner, projection: Consumer, events: Sequence[RecordedEvent]
) -> list[RecordedEvent]:
    """Return the events that the checkpoints are past."""
    buckets = dict(Feed.objects.values_list("position", "bucket"))
    places = runner.partition_checkpoints(projection)
    return [
        event
        for event in events
        if any(p.owns(buckets[event.position]) and event.position <= p.position for p in places)
    ]


def life(log: Log, count: int) -> list[RecordedEvent]:
    """Write customers with one order each, of which something became, and products."""
    for number in range(count):
        product = log.stock(on_hand=number + 2, name=f"Lamp {number}")
        log.reserve(product, 2)
        customer = log.customer(f"Customer {number}")
        order = log.order(customer, total=f"{number}.50")
        log.confirm(order)
        log.rename(customer, f"Renamed {number}")
        if number % 2:
            log.cancel(order)
        else:
            log.ship(order)
    return log.sequenced()


@contextmanager
def undone() -> Iterator[None]:
    """Take back what the block wrote to both databases."""
    with transaction.atomic(), transaction.atomic(using=READ):
        yield
        transaction.set_rollback(True)
        transaction.set_rollback(True, using=READ)
