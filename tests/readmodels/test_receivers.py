"""The wake-up of the read side: a hint that may get lost, and may not cost or break a write."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from celery.exceptions import OperationalError as BrokerError
from django.conf import settings
from django.core.cache import cache
from django.db import ProgrammingError, transaction
from django.test import override_settings
from redis.exceptions import ConnectionError as RedisError

from cqrs import redis_server
from cqrs.event_log import sequencer
from cqrs.event_log.events import publish
from cqrs.event_log.signals import event_published
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from cqrs.tasks import react
from readmodels import receivers, wake_ups
from readmodels.models import CustomerReadModel
from readmodels.projections import PROJECTIONS
from readmodels.tasks import WAKE_UP_FLAG, _waiting_flag, project
from tests.support.desk import wait_for
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


@contextmanager
def no_cache() -> Iterator[None]:
    """Put Django's cache where no server listens."""
    dead = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    with override_settings(CACHES={"default": dead}):
        yield


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch):
    broker = Broker()
    monkeypatch.setattr(project, "delay", broker.delay)
    # In this thread, so that a test sees at once what was queued.
    monkeypatch.setattr(receivers, "waker", SimpleNamespace(wake_up=receivers._queue))
    cache.delete(WAKE_UP_FLAG)
    yield broker
    cache.clear()


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


class TestWaker:
    @pytest.fixture
    def waker(self, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> receivers.Waker:
        monkeypatch.setattr(receivers, "waker", receivers.Waker())
        monkeypatch.setattr(receivers, "PAUSE_AFTER_FAILURE_S", 0.0)
        return receivers.waker

    def test_delays_no_command_while_the_broker_hangs(
        self, waker: receivers.Waker, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ):
        answered = threading.Event()
        monkeypatch.setattr(project, "delay", lambda: answered.wait(30) and broker.delay())
        try:
            started = time.monotonic()
            written = [customer() for _ in range(20)]
            assert time.monotonic() - started < 10
            assert len(write_side()["Customer"]) == len(written)
            assert broker.attempts == 0
        finally:
            answered.set()
        wait_for(lambda: broker.attempts == 1)

    @pytest.mark.parametrize("error", [BrokerError("gone"), OSError("gone"), ValueError("a bug")])
    def test_goes_on_after_an_error(self, waker: receivers.Waker, broker: Broker, error: Exception):
        broker.error = error
        for attempts in (1, 2):
            cache.delete(WAKE_UP_FLAG)
            waker.wake_up()
            wait_for(lambda attempts=attempts: broker.attempts == attempts)

    def test_starts_again_in_a_fork(self, waker: receivers.Waker, broker: Broker):
        waker._thread = threading.Thread()  # one that does not run, as a fork sees its parent's
        waker.wake_up()
        wait_for(lambda: broker.attempts == 1)

    def test_queues_without_the_cache(self, waker: receivers.Waker, broker: Broker):
        """The broker can be another server, which still takes tasks."""
        cache.add(WAKE_UP_FLAG, 1)
        with cqrs(REDIS_URL="redis://127.0.0.1:1/0"), no_cache():
            for attempts in (1, 2):
                waker.wake_up()
                wait_for(lambda attempts=attempts: broker.attempts == attempts)


class TestProject:
    def test_projects_without_the_cache(self, broker: Broker):
        written = customer()
        with cqrs(REDIS_URL="redis://127.0.0.1:1/0"), no_cache():
            project()
        assert CustomerReadModel.objects.filter(pk=written).exists()

    @pytest.mark.parametrize("error", [BrokerError("gone"), RedisError("gone"), OSError("gone")])
    def test_projects_without_the_broker(
        self, broker: Broker, error: Exception, monkeypatch: pytest.MonkeyPatch
    ):
        """Reactions have work, and no task can be queued for them."""
        broker.error = error
        monkeypatch.setattr(react, "delay", broker.delay)
        written = customer()
        attempts = broker.attempts
        project()
        assert CustomerReadModel.objects.filter(pk=written).exists()
        assert broker.attempts > attempts

    @pytest.mark.parametrize("value", [b"\x80\x04K\x01.", b"{", b"\xff"])
    def test_takes_any_value_of_the_flag_for_a_flag(self, broker: Broker, value: bytes):
        client = redis_server.shared().client
        client.set(cache.make_key(_waiting_flag()), value)
        written = customer()
        project()
        assert not CustomerReadModel.objects.filter(pk=written).exists()
        client.delete(cache.make_key(_waiting_flag()))
        project()
        assert CustomerReadModel.objects.filter(pk=written).exists()

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

        def wait(_: float) -> bool:
            if not meanwhile:
                meanwhile.append(customer())
                return woken(30)
            return False

        woken = wake_ups.wait
        monkeypatch.setattr(wake_ups, "wait", wait)
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

        def wait(_: float) -> bool:
            if not seen:
                customer()
                with monkeypatch.context() as patch:
                    patch.setattr("readmodels.tasks._bring_to_head", lambda: seen.append("same"))
                    project()
                    with cqrs(EVENTS=[]):
                        patch.setattr("readmodels.tasks._bring_to_head", lambda: seen.append("new"))
                        project()
                return True
            return False

        monkeypatch.setattr(wake_ups, "wait", wait)
        project()
        assert set(seen) == {"new"}
        assert CustomerReadModel.objects.count() == 2

    def test_finds_what_came_without_a_wake_up(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ):
        customer()
        broker.error, meanwhile = BrokerError("gone"), []

        def wait(_: float) -> bool:
            if not meanwhile:
                meanwhile.append(customer())
            return False

        monkeypatch.setattr(wake_ups, "wait", wait)
        project()
        assert CustomerReadModel.objects.filter(pk=meanwhile[0]).exists()

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


class TestConnect:
    def test_leaves_the_waking_to_change_data_capture(self):
        uid = "readmodels.wake_up"
        assert event_published.disconnect(dispatch_uid=uid)
        try:
            with override_settings(READMODEL_SYNC="cdc"):
                receivers.connect()
            assert not event_published.disconnect(dispatch_uid=uid)
        finally:
            receivers.connect()
