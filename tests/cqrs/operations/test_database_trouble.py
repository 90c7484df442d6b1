"""What a database has to answer for parks no event, and the worker goes on by itself after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections, transaction

from cqrs.event_log import sequencer
from cqrs.models import ReactionWork
from cqrs.operations.worker import project
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from cqrs.reactions import executor, work
from customers.models import CustomerProfile
from orders.events import OrderCreated
from readmodels.models import OrderReadModel
from readmodels.projections import PROJECTIONS, orders
from tests.support.built import elsewhere
from tests.support.log import Log
from tests.support.raising import writes_raise
from tests.support.reacting import deployed, handed_over, make_due
from tests.support.scenarios import customer
from tests.support.waiting import BOTH

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=BOTH),
    pytest.mark.usefixtures("no_wake_ups"),
]
ORDERS, *OTHERS = PROJECTIONS
DISTANCES = pytest.mark.parametrize("near", [500, 0], ids=["near", "far"])
# Serialization failure, deadlock, statement time-out, lock time-out, disk full, no right, broken.
STATES = ["40001", "40P01", "57014", "55P03", "53100", "42501", "XX000"]
# Ended by an operator, idle in a transaction.
LOST = ["57P01", "25P03"]


@pytest.fixture
def log() -> Log:
    log = Log()
    log.order(log.customer())
    log.projected()
    return log


def failures() -> list[Exception]:
    try:
        project(PROJECTIONS)
    except ExceptionGroup as group:
        return list(group.exceptions)
    except Exception as error:  # noqa: BLE001
        return [error]
    return []


def positions(*projections: Any) -> set[int]:
    return {each for projection in projections for each in runner.positions(projection)}


def now() -> None:
    """End the pauses."""
    for pause in runner.paused.values():
        pause.until = 0.0


class TestErrorOfTheServer:
    @DISTANCES
    @pytest.mark.parametrize("sqlstate", [*STATES, *LOST])
    def test_parks_nothing_and_holds_up_nobody_else(
        self, log: Log, monkeypatch: Any, near: int, sqlstate: str
    ) -> None:
        monkeypatch.setattr(runner, "near", near)
        with writes_raise("replica", "read_orders", sqlstate):
            for _ in range(3):
                log.order(log.customer())
            log.published()
            assert len(failures()) == 1
            assert list(runner.paused) == ["orders"]
            assert positions(*OTHERS) == {8}
            now()
            assert len(failures()) == 1
            assert runner.paused["orders"].pause_s >= 2.0
        assert ParkedEvent.objects.count() == 0
        now()
        project(PROJECTIONS)
        assert positions(*PROJECTIONS) == {8}
        assert OrderReadModel.objects.count() == 4

    def test_spends_no_attempt_of_a_parked_event(self, log: Log, poisoned: Any) -> None:
        key = log.order(log.customer())
        poison = poisoned(orders.HANDLERS, OrderCreated, key)
        log.published()
        project(PROJECTIONS)
        poison.keys.clear()
        ParkedEvent.objects.update(retry_at="2026-01-01T00:00:00Z")
        with writes_raise("replica", "read_orders", "57014"):
            assert len(failures()) == 1
        assert ParkedEvent.objects.get().attempts == 1
        now()
        project(PROJECTIONS)  # ends the pause
        project(PROJECTIONS)
        assert ParkedEvent.objects.count() == 0

    def test_of_a_statement_that_takes_too_long(self, log: Log) -> None:
        def slowly() -> list[Exception]:
            with connections["replica"].cursor() as cursor:
                cursor.execute("SET statement_timeout = '100ms'")
            return failures()

        log.order(log.customer())
        log.published()
        with transaction.atomic(using="replica"):
            with connections["replica"].cursor() as cursor:
                cursor.execute("LOCK TABLE read_orders IN ACCESS EXCLUSIVE MODE")
            found = elsewhere(slowly)
        assert ["statement timeout" in str(error) for error in found] == [True]
        assert ParkedEvent.objects.count() == 0
        assert positions(*OTHERS) == {4}

    @pytest.mark.parametrize("sqlstate", STATES)
    def test_spends_no_attempt_of_a_reaction(self, sqlstate: str) -> None:
        reaction = deployed("create_default_profile")
        with writes_raise("default", "customers_customerprofile", sqlstate):
            buyer = customer()
            handed_over()
            for _ in range(work.ATTEMPTS + 1):
                executor.run(reaction)
                make_due(reaction=reaction.name)
            row = ReactionWork.objects.get(reaction=reaction.name)
            assert (row.attempts, row.due_at is None) == (0, False)
        executor.run(reaction)
        assert CustomerProfile.objects.get().customer_id == buyer


@contextmanager
def read_only(alias: str) -> Iterator[None]:
    """Let new sessions refuse writes, as those on a demoted primary do."""
    name = connections[alias].settings_dict["NAME"]
    other = connections["default" if alias == "replica" else "replica"]
    with other.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    try:
        yield
    finally:
        with other.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')


class TestReadOnlyDatabase:
    @DISTANCES
    @pytest.mark.parametrize("alias", ["default", "replica"])
    def test_is_left_and_found_again_when_it_takes_writes(
        self, log: Log, monkeypatch: Any, alias: str, near: int
    ) -> None:
        monkeypatch.setattr(runner, "near", near)
        log.order(log.customer())
        log.published()
        with read_only(alias):
            connections[alias].close()
            assert {"read-only" in str(error) for error in failures()} == {True}
            assert failures() != []
            assert runner.paused == {}
        project(PROJECTIONS)
        assert positions(*PROJECTIONS) == {4} == {sequencer.head()}
        assert OrderReadModel.objects.count() == 2
        assert ParkedEvent.objects.count() == 0

    def test_is_left_by_an_executor_and_found_again(self) -> None:
        reaction = deployed("create_default_profile")
        buyer = customer()
        handed_over()
        with read_only("default"):
            connections["default"].close()
            with pytest.raises(Exception, match="read-only"):
                executor.run(reaction)
        assert executor.run(reaction) == 1
        assert CustomerProfile.objects.get().customer_id == buyer
