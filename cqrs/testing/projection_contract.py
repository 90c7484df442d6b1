"""What every projection promises, whatever it projects: the test of each one inherits it.

    class TestCatalog(ProjectionContract):
        projection = Catalog()
        models = (BookRow,)
        fold = staticmethod(fold)
        histories = st.lists(STEPS)
        parkable = ("copy",)

        def new_log(self): ...
        def write(self, log, history): ...
        def lives(self, log, count): ...
        def observed(self): ...

Each test tries 25 histories, or what hypothesis' profile `cqrs` says if a conftest registers one.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from django.db import connections, transaction
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from cqrs.consumers.runner import Runner
from cqrs.database.aliases import PROJECTION_ALIAS, WRITE_ALIAS
from cqrs.event_log import sequencer
from cqrs.event_log.events import RecordedEvent
from cqrs.models import Feed
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.projection import Projection
from cqrs.projections.store import RowsByTable, Store
from cqrs.rebuild.rebuild import discard, rebuild
from cqrs.testing.examples import CUTS, EXAMPLES, cut, undone
from cqrs.testing.threads import together

UNDONE = pytest.mark.django_db(databases=[WRITE_ALIAS, PROJECTION_ALIAS])
COMMITTED = pytest.mark.django_db(transaction=True, databases=[WRITE_ALIAS, PROJECTION_ALIAS])


class Crash(BaseException):
    """What a runner dies of in these tests: no event is to blame."""


class ProjectionContract:
    """Twice equals once, late equals in time, rebuilt equals incremental: all equal `fold`."""

    projection: ClassVar[Projection]
    models: ClassVar[Sequence[type[Model]]]
    """Every model that it writes."""
    fold: ClassVar[Callable[[Sequence[RecordedEvent]], dict[str, Any]]]
    """The rows that the events amount to: plain, event by event, and written independently."""
    histories: ClassVar[st.SearchStrategy[Any]]
    """Any histories, for `write`."""
    parkable: ClassVar[Collection[str]]
    """The stream types whose events no event of another aggregate needs to be applied."""

    def new_log(self) -> Any:
        """Return what `write` and `lives` append to; it is theirs alone."""
        raise NotImplementedError

    def write(self, log: Any, history: Any) -> list[RecordedEvent]:
        """Publish and sequence the history; return the whole feed."""
        raise NotImplementedError

    def lives(self, log: Any, count: int) -> list[RecordedEvent]:
        """Publish and sequence this many aggregates, with all kinds of events; return the feed."""
        raise NotImplementedError

    def observed(self) -> dict[str, Any]:
        """Return what the tables hold, in the shape of `fold`."""
        raise NotImplementedError

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        return {
            model.__name__: list(model._default_manager.order_by("pk").values())
            for model in self.models
        }

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        with transaction.atomic(using=PROJECTION_ALIAS):
            self.projection.apply(events)

    @UNDONE
    @EXAMPLES
    @given(st.data(), CUTS)
    def test_any_cut_into_batches_gives_what_the_log_says(
        self, data: st.DataObject, sizes: list[int]
    ) -> None:
        with undone():
            events = self.write(self.new_log(), data.draw(self.histories))
            for batch in cut(events, sizes):
                self.apply(batch)
            assert self.observed() == type(self).fold(events)

    @UNDONE
    @EXAMPLES
    @given(st.data(), CUTS)
    def test_applying_again_changes_nothing(self, data: st.DataObject, sizes: list[int]) -> None:
        with undone():
            events = self.write(self.new_log(), data.draw(self.histories))
            self.apply(events)
            once = self.rows()
            for batch in cut(events, sizes):
                self.apply(batch)
                assert self.rows() == once

    @UNDONE
    @EXAMPLES
    @given(st.data(), CUTS, st.integers(0, 20))
    def test_an_aggregate_that_was_parked_makes_no_difference(
        self, data: st.DataObject, sizes: list[int], which: int
    ) -> None:
        with undone():
            events = self.write(self.new_log(), data.draw(self.histories))
            streams = sorted({e.stream_id for e in events if e.stream_type in self.parkable})
            parked = streams[which % len(streams)] if streams else None
            with undone():
                for batch in cut([e for e in events if e.stream_id != parked], sizes):
                    self.apply(batch)
                for event in events:
                    if event.stream_id == parked:
                        self.apply([replace(event, late=True)])
                assert self.observed() == type(self).fold(events)
                rows = self.rows()
            self.apply(events)
            assert self.rows() == rows

    @UNDONE
    def test_statements_do_not_grow_with_the_batch(self) -> None:
        log = self.new_log()
        seen = self.lives(log, 1)
        self.apply(seen)
        few = self.lives(log, 2)[len(seen) :]
        with CaptureQueriesContext(connections[PROJECTION_ALIAS]) as for_few:
            self.apply(few)
        many = self.lives(log, 100)[len(seen) + len(few) :]
        with CaptureQueriesContext(connections[PROJECTION_ALIAS]) as for_many:
            self.apply(many)
        assert len(many) > 10 * len(few)
        assert len(for_many) == len(for_few)

    @UNDONE
    def test_a_killed_runner_goes_on_where_it_was(self, monkeypatch: pytest.MonkeyPatch) -> None:
        events, runner = self.lives(self.new_log(), 20), _runner(batch=7)
        follow_up, calls = self.projection.follow_up, list[Any]()

        def dies_late(changed: RowsByTable, store: Store) -> None:
            follow_up(changed, store)
            calls.append(changed)
            if len(calls) == 3:
                raise Crash

        monkeypatch.setattr(self.projection, "follow_up", dies_late)
        with pytest.raises(Crash):
            runner.drain(self.projection)
        before = sum(runner.positions(self.projection))
        every = self.projection.partitions * len(events)
        assert 0 < before < every
        assert self.observed() == type(self).fold(passed(runner, self.projection, events))

        monkeypatch.undo()
        assert runner.drain(self.projection) == every - before
        assert self.observed() == type(self).fold(events)

    @COMMITTED
    def test_two_runners_apply_everything_once(self) -> None:
        events, runner = self.lives(self.new_log(), 60), _runner(batch=5)
        positions = together(*[lambda: runner.drain(self.projection)] * 2)
        assert len(events) == sequencer.head()
        partitions = self.projection.partitions
        assert sum(positions) == partitions * len(events)
        assert runner.positions(self.projection) == [len(events)] * partitions
        assert self.observed() == type(self).fold(events)

    @COMMITTED
    def test_a_rebuild_gives_the_same_rows(self) -> None:
        events = self.lives(self.new_log(), 5)
        _runner(batch=5).drain(self.projection)
        rows = self.rows()
        try:
            proof = rebuild(self.projection, lambda *_: None)
            assert proof.is_equal
            assert self.rows() == rows
            assert self.observed() == type(self).fold(events)
        finally:
            discard(self.projection)


def passed(
    runner: Runner, projection: Projection, events: Sequence[RecordedEvent]
) -> list[RecordedEvent]:
    """Return the events that the checkpoints are past."""
    buckets = dict(Feed.objects.values_list("position", "bucket"))
    checkpoints = runner.started(projection)
    return [
        event
        for event in events
        if any(
            checkpoint.owns(buckets[event.position]) and event.position <= checkpoint.position
            for checkpoint in checkpoints
        )
    ]


def _runner(batch: int) -> Runner:
    """Return a runner that advances each partition on its own, in small batches."""
    return Runner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS, batch=batch, near=0)
