"""The wake-up of the read side: a hint that may get lost, and may not cost or break a write."""

import logging
import time
from types import SimpleNamespace

import pytest
from celery.exceptions import OperationalError as BrokerError
from django.core.cache import cache
from django.db import ProgrammingError, transaction
from redis.exceptions import ConnectionError as RedisError

from cqrs.event_log import sequencer
from cqrs.event_log.events import publish
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from readmodels import receivers
from readmodels.models import CustomerReadModel
from readmodels.projections import PROJECTIONS
from readmodels.tasks import WAKE_UP_FLAG, project
from tests.support.kernel_settings import cqrs
from tests.support.scenarios import customer, write_side
from tests.support.streams import change

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.bypasses_events,  # some events here are of nothing that is stored
]


class Broker:
    """Counts what is queued; raises `error` instead when there is one."""

    def __init__(self) -> None:
        self.attempts = 0
        self.error: Exception | None = None

    def delay(self, **_: object) -> None:
        self.attempts += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch):
    broker = Broker()
    monkeypatch.setattr(project, "delay", broker.delay)
    cache.delete(WAKE_UP_FLAG)
    receivers.breaker.reset()
    yield broker
    cache.clear()
    receivers.breaker.reset()


class TestWakeUp:
    def test_comes_once_for_all_events_of_a_transaction(self, broker: Broker):
        with transaction.atomic():
            for _ in range(5):
                publish(change(), change())
            assert broker.attempts == 0, "before the commit there is nothing to see"
        assert broker.attempts == 1

    def test_comes_once_until_the_task_has_begun(self, broker: Broker):
        customer()
        customer()
        assert broker.attempts == 1
        project()
        customer()
        assert broker.attempts == 2

    def test_does_not_come_after_a_rollback(self, broker: Broker):
        with transaction.atomic():
            publish(change())
            transaction.set_rollback(True)
        assert broker.attempts == 0

    def test_comes_when_only_the_first_savepoint_is_rolled_back(self, broker: Broker):
        with transaction.atomic():
            with transaction.atomic():
                publish(change())
                transaction.set_rollback(True)
            publish(change())
        assert broker.attempts == 1


class TestLostBroker:
    @pytest.mark.parametrize("error", [BrokerError("gone"), RedisError("gone")])
    def test_fails_no_write_and_is_asked_once_in_a_while(
        self, broker: Broker, error: Exception, caplog: pytest.LogCaptureFixture
    ):
        broker.error = error
        with caplog.at_level(logging.CRITICAL):
            written = [customer() for _ in range(20)]
        assert len(write_side()["Customer"]) == len(written)
        assert broker.attempts == 1

    def test_is_not_the_end_of_other_hooks(self, broker: Broker):
        broker.error, seen = BrokerError("gone"), []
        with transaction.atomic():
            publish(change())
            transaction.on_commit(lambda: seen.append("ran"))
        assert seen == ["ran"]

    def test_does_not_hide_a_bug(self, broker: Broker):
        """Another error is one: it is logged, and the next write tries again."""
        broker.error = ValueError("a bug")
        customer()
        cache.delete(WAKE_UP_FLAG)
        customer()
        assert broker.attempts == 2


class TestProject:
    def test_drains_the_others_when_one_projection_fails(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ):
        orders, customers, *_ = PROJECTIONS

        def broken(_):
            raise ProgrammingError("there is no such table")

        monkeypatch.setattr(orders, "keys", broken)
        customer()
        with pytest.raises(ExceptionGroup, match="consumers failed"):
            project()
        assert min(runner.positions(customers)) == 1
        assert min(runner.positions(orders)) == 0
        assert ParkedEvent.objects.count() == 0

    def test_looks_once_more_after_it_has_let_the_next_commit_ask(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ):
        """A commit that comes after the look, and while the flag stands, would wait for a sweep."""
        cache.set(WAKE_UP_FLAG, 1)
        flags, step = [], sequencer.step

        def look(**more):
            flags.append(cache.get(WAKE_UP_FLAG))
            return step(**more)

        monkeypatch.setattr(sequencer, "step", look)
        project()
        assert flags == [1, None]

    def test_waits_a_moment_for_more_and_a_commit_queues_no_task_meanwhile(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ):
        customer()
        queued, meanwhile = broker.attempts, []

        def sleep(_: float) -> None:
            if not meanwhile:
                meanwhile.append(customer())

        clock = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
        monkeypatch.setattr("readmodels.tasks.time", clock)
        project()
        assert CustomerReadModel.objects.filter(pk=meanwhile[0]).exists()
        assert broker.attempts == queued
        customer()
        assert broker.attempts == queued + 1

    def test_leaves_it_to_a_task_of_the_same_build_that_waits(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ):
        customer()
        seen = []

        def sleep(_: float) -> None:
            if not seen:
                customer()
                with monkeypatch.context() as patch:
                    patch.setattr("readmodels.tasks._bring_to_head", lambda: seen.append("same"))
                    project()
                    with cqrs(EVENTS=[]):
                        patch.setattr("readmodels.tasks._bring_to_head", lambda: seen.append("new"))
                        project()

        clock = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
        monkeypatch.setattr("readmodels.tasks.time", clock)
        project()
        assert set(seen) == {"new"}
        assert CustomerReadModel.objects.count() == 2

    def test_does_not_wait_after_a_sweep_that_found_nothing(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("readmodels.tasks._more_comes", lambda: pytest.fail("it waits"))
        project()

    def test_queues_itself_when_there_is_no_end(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ):
        """A worker that must stop waits for the end of its task."""
        monkeypatch.setattr("readmodels.tasks.LONGEST_S", 0.0)
        customer()
        cache.delete(WAKE_UP_FLAG)
        queued, brought = broker.attempts, []

        def bring() -> int:
            brought.append(1)
            return 1

        monkeypatch.setattr("readmodels.tasks._bring_to_head", bring)
        project()
        assert (len(brought), broker.attempts) == (2, queued + 1)

    def test_tolerates_arguments_of_another_release(self, broker: Broker):
        project(something="new")
