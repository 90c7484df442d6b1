"""A consumer that fails as a whole leaves the joint transaction, and returns after a success."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError, connections, transaction

from cqrs.consumers.pauses import LONGEST_PAUSE_S
from cqrs.event_log import sequencer
from cqrs.messaging.error_text import error_text
from cqrs.operations.blocked import blocked_reason
from cqrs.operations.worker import project
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from orders.events import OrderCreated
from readmodels.models import OrderReadModel
from readmodels.projections import PROJECTIONS, orders
from tests.support.built import elsewhere
from tests.support.log import Log
from tests.support.raising import writes_end_the_session
from tests.support.waiting import BOTH

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=BOTH),
    pytest.mark.postgresql_version,
]
ORDERS, CUSTOMERS, *_ = PROJECTIONS
OTHERS = [each for each in PROJECTIONS if each is not ORDERS]


@pytest.fixture
def level() -> Log:
    log = Log()
    log.buyer = log.customer()  # type: ignore[attr-defined]
    log.published()
    project(PROJECTIONS)
    return log


def order(log: Any) -> Any:
    key = log.order(log.buyer)
    log.published()
    return key


def positions(*projections: Any) -> set[int]:
    return {each for projection in projections for each in runner.positions(projection)}


def failed() -> dict[str, Exception]:
    """Project in another thread; return what failed, by its text. Its pause lasts until `now`."""
    try:
        elsewhere(lambda: project(PROJECTIONS))
    except ExceptionGroup as group:
        for pause in runner.paused.values():
            pause.until = math.inf
        return {str(error): error for error in group.exceptions}
    return {}


def now() -> None:
    """End the pauses."""
    for pause in runner.paused.values():
        pause.until = 0.0


@contextmanager
def locked(table: str) -> Iterator[None]:
    """Lock a table of the read side against everything, from this thread's connection."""
    with transaction.atomic(using="replica"):
        with connections["replica"].cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def no_table(_: Any) -> Any:
    raise ProgrammingError("relation does not exist")


class TestConsumerThatFails:
    def test_goes_alone_with_growing_pauses_and_returns_after_success(
        self, level: Log, monkeypatch: Any
    ) -> None:
        calls: list[float] = []

        def no_table(_: Any) -> Any:
            calls.append(time.monotonic())
            raise ProgrammingError("relation does not exist")

        with monkeypatch.context() as patch:
            patch.setattr(ORDERS, "keys", no_table)
            key = order(level)
            pauses = []
            for tried in range(1, 10):
                assert failed().keys() == {"relation does not exist"}
                assert len(calls) == tried + 1  # once within the joint transaction, then alone
                pauses.append(runner.paused["orders"].pause_s)
                assert failed() == {}  # during the pause nothing is tried
                assert len(calls) == tried + 1
                now()
        assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_PAUSE_S] + [LONGEST_PAUSE_S] * 3
        assert positions(ORDERS) == {1}
        assert positions(*OTHERS) == {2}
        assert ParkedEvent.objects.count() == 0
        project(PROJECTIONS)
        assert runner.paused == {}
        assert OrderReadModel.objects.get().pk == key
        assert positions(*PROJECTIONS) == {2}

    def test_does_not_hold_up_events_that_come_during_its_pause(
        self, level: Log, monkeypatch: Any
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(ORDERS, "keys", no_table)
            order(level)
            failed()
            order(level)
            assert failed() == {}
            assert positions(*OTHERS) == {3}
        now()
        project(PROJECTIONS)
        assert positions(*PROJECTIONS) == {3}

    def test_is_with_the_others_again_when_another_worker_has_advanced_it(
        self, level: Log, monkeypatch: Any
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(ORDERS, "keys", no_table)
            order(level)
            failed()
        paused = dict(runner.paused)
        runner.paused.clear()
        project(PROJECTIONS)
        runner.paused.update(paused)
        now()
        project(PROJECTIONS)
        assert runner.paused == {}


class TestLockedTable:
    def test_concerns_its_consumer_alone(self, level: Log) -> None:
        with locked("read_orders"):
            order(level)
            errors = failed()  # and returns while the lock is still held
            assert [type(error) for error in errors.values()] == [OperationalError]
            assert list(runner.paused) == ["orders"]
            assert positions(*OTHERS) == {2}
            assert sequencer.head() == 2
            order(level)
            assert failed() == {}
            assert positions(*OTHERS) == {3}
            assert sequencer.head() == 3
            assert positions(ORDERS) == {1}
        assert ParkedEvent.objects.count() == 0
        now()
        project(PROJECTIONS)
        assert runner.paused == {}
        assert positions(*PROJECTIONS) == {3}
        assert OrderReadModel.objects.count() == 2

    def test_does_not_hold_up_others_with_an_event_that_is_due(
        self, level: Log, poisoned: Any
    ) -> None:
        """The locked projection has nothing new, only a parked event to retry."""
        key = level.order(level.buyer)  # type: ignore[attr-defined]
        poison = poisoned(orders.HANDLERS, OrderCreated, key)
        level.published()
        project(PROJECTIONS)
        poison.keys.clear()
        ParkedEvent.objects.update(retry_at="2026-01-01T00:00:00Z")
        with locked("read_orders"):
            level.stock()
            level.published()
            assert [type(error) for error in failed().values()] == [OperationalError]
            assert list(runner.paused) == ["orders"]
            assert positions(*OTHERS) == {3}
            level.stock()
            level.published()
            assert failed() == {}
            assert positions(*OTHERS) == {4}
        assert ParkedEvent.objects.get().attempts == 1
        now()
        project(PROJECTIONS)
        assert ParkedEvent.objects.count() == 0
        assert OrderReadModel.objects.get().pk == key
        assert positions(*PROJECTIONS) == {4}
        assert runner.paused == {}

    def test_far_behind_the_head_concerns_its_consumer_alone_too(
        self, level: Log, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(runner, "near", 0)
        with locked("read_orders"):
            order(level)
            assert len(failed()) == 1
            assert positions(*OTHERS) == {2}
            assert min(positions(ORDERS)) == 1
        assert ParkedEvent.objects.count() == 0
        now()
        project(PROJECTIONS)
        assert positions(*PROJECTIONS) == {2}


class TestWriteThatEndsItsSession:
    @pytest.mark.parametrize("near", [500, 0], ids=["near", "far"])
    def test_concerns_its_consumer_alone(self, level: Log, monkeypatch: Any, near: int) -> None:
        monkeypatch.setattr(runner, "near", near)
        with writes_end_the_session("replica", "read_orders"):
            order(level)
            [error] = failed().values()
            assert type(error) is OperationalError
            assert list(runner.paused) == ["orders"]
            assert positions(*OTHERS) == {2}
            assert blocked_reason("orders") == error_text(error).partition("\n")[0]
            order(level)
            assert failed() == {}
            assert positions(*OTHERS) == {3}
        assert ParkedEvent.objects.count() == 0
        now()
        project(PROJECTIONS)
        assert runner.paused == {}
        assert blocked_reason("orders") is None
        assert positions(*PROJECTIONS) == {3}
        assert OrderReadModel.objects.count() == 2

    def test_applies_all_and_says_so_when_it_happens_once(self, level: Log) -> None:
        """The caller can have held locks of the session, as a rebuild does."""
        with connections["replica"].cursor() as cursor:
            cursor.execute("CREATE SEQUENCE writes")
        try:
            with writes_end_the_session("replica", "read_orders", "nextval('writes') = 1"):
                order(level)
                with pytest.raises(OperationalError):
                    elsewhere(lambda: project(PROJECTIONS))
                assert positions(*PROJECTIONS) == {2}
                assert runner.paused == {}
        finally:
            with connections["replica"].cursor() as cursor:
                cursor.execute("DROP SEQUENCE writes")
