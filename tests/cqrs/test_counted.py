"""What the kernel counts, where it happens."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected

from cqrs.behaviors.retry import retry
from cqrs.database.breaker import database_breaker
from cqrs.http import throttling
from cqrs.messaging.ids import uuid7
from cqrs.messaging.pipeline import Dispatch
from cqrs.messaging.results import Ok, Result
from customers.commands import RegisterCustomer
from tests.support.counted import counted, counted_more
from tests.support.kernel_settings import cqrs
from tests.support.reacting import Recorder, configure, run
from tests.support.scenarios import accepted, product, refused

pytestmark = pytest.mark.django_db(transaction=True)
ADA = {"name": "Ada", "email": "ada@example.com"}


class TestEvents:
    def test_count_when_they_are_committed(self):
        events = counted_more("cqrs_events_published_total", event="CustomerRegistered")
        accepted(RegisterCustomer, **ADA)
        refused(RegisterCustomer, **ADA)
        assert events() == 1
        with transaction.atomic():
            accepted(RegisterCustomer, name="Bea", email="bea@example.com")
            transaction.set_rollback(True)
        assert events() == 1

    def test_count_each_of_a_transaction(self):
        events = counted_more("cqrs_events_published_total", event="StockSet")
        with transaction.atomic():
            product(1)
            product(2)
            assert events() == 0
        assert events() == 2


class TestRetries:
    def test_count_by_their_reason(self):
        conflicts = counted_more("cqrs_transaction_retries_total", reason="conflict")
        errors = [DeadlockDetected(), DeadlockDetected()]

        def call_next(_: Dispatch) -> Result[Any]:
            if errors:
                raise OperationalError from errors.pop()
            return Ok(1)

        assert retry(Dispatch(RegisterCustomer, {}), call_next) == Ok(1)
        assert conflicts() == 2


class TestReactions:
    def test_count_their_attempts_by_outcome(self, settings: Any):
        def fail_on_bob(event: Any) -> None:
            if event.data["name"] == "Bob":
                raise KeyError("a bug")

        reaction = Recorder(then=fail_on_bob)
        configure(settings, reaction)
        name = "cqrs_reaction_attempts_total"
        done = counted_more(name, reaction="recorder", outcome="done")
        failed = counted_more(name, reaction="recorder", outcome="failed")
        run(reaction)
        for person in ("Ada", "Bob", "Cy"):
            accepted(RegisterCustomer, name=person, email=f"{person}@example.com")
        run(reaction)
        assert (done(), failed()) == (2, 1)


class TestThrottling:
    def test_counts_the_requests_over_a_rate(self, monkeypatch: pytest.MonkeyPatch):
        in_a_window = SimpleNamespace(time=lambda: 3600 * 1000 + 1800.5)
        monkeypatch.setattr(throttling, "time", in_a_window)
        over = counted_more("cqrs_throttled_requests_total", rate="login")
        caller = str(uuid7())
        with cqrs(THROTTLE_RATES={"login": (2, 3600)}, REDIS_URL=""):
            for _ in range(5):
                throttling.seconds_to_wait([("login", caller)])
        assert over() == 3


class TestBreakers:
    def test_say_when_the_server_last_failed_until_it_answers(self):
        breaker, name = database_breaker("of this test"), "cqrs_breaker_opened_timestamp_seconds"
        for _ in range(2):
            before = time.time()
            breaker.open()
            assert before <= counted(name, server="of this test") <= time.time()
        breaker.reset()
        assert counted(name, server="of this test") == 0
