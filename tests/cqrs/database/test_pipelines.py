"""A pipelined transaction is one transaction for the server and for Django, however it ends."""

# ruff: noqa: PT012  what happens within the block is what is tested

from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from typing import Any

import pytest
from django.db import (
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    connections,
    transaction,
)
from django.db.transaction import TransactionManagementError

from cqrs.database.cursors import server_cursor
from cqrs.database.outages import is_outage
from cqrs.database.pipelines import pipelined_transaction
from cqrs.testing.threads import together
from tests.support.blocked import wait_until_blocked
from tests.support.faults import Broken
from tests.support.protocol import traffic

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default"]),
    pytest.mark.postgresql_version,
]
LOCK_NOT_AVAILABLE = "55P03"


@pytest.fixture(autouse=True)
def _table(transactional_db: None) -> Iterator[None]:
    """Create a table whose unique values are checked at the commit."""
    execute("CREATE TABLE numbers (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    yield
    execute("DROP TABLE numbers")


def execute(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def issue(statement: str, *parameters: Any) -> Any:
    cursor = server_cursor("default")
    cursor.execute(statement, parameters)
    return cursor


def insert(number: Any) -> None:
    issue("INSERT INTO numbers VALUES (%s)", number)


def numbers() -> list[int]:
    return [n for (n,) in execute("SELECT n FROM numbers ORDER BY n")]


def elsewhere(function: Callable[[], Any]) -> Any:
    return together(function)[0]


class TestPipelinedTransaction:
    def test_commits_its_statements_in_one_round_trip(self) -> None:
        with traffic("default") as seen, pipelined_transaction("default"):
            for number in range(5):
                insert(number)
        assert elsewhere(numbers) == [0, 1, 2, 3, 4]
        assert (seen.round_trips, seen.commits) == (1, 1)

    def test_gives_rows_within_and_after_the_block(self) -> None:
        with pipelined_transaction("default"):
            insert(7)
            within = issue("SELECT n FROM numbers").fetchall()
            after = issue("SELECT n + 1 FROM numbers")
        assert (within, after.fetchall()) == ([(7,)], [(8,)])

    def test_shows_nothing_before_its_commit(self) -> None:
        with pipelined_transaction("default"):
            insert(1)
            assert issue("SELECT n FROM numbers").fetchall() == [(1,)]
            assert elsewhere(numbers) == []

    def test_rolls_back_after_an_exception_of_the_block(self) -> None:
        with pytest.raises(Broken), pipelined_transaction("default"):
            insert(1)
            raise Broken
        assert numbers() == []

    def test_rolls_back_after_a_statement_that_fails_in_the_middle(self) -> None:
        with pytest.raises(ProgrammingError), pipelined_transaction("default"):
            insert(1)
            issue("SELECT * FROM no_such_table")
            insert(2)
        assert numbers() == []

    def test_raises_at_the_next_fetch_and_commits_nothing_all_the_same(self) -> None:
        reached = []
        with pytest.raises(OperationalError) as raised, pipelined_transaction("default"):
            insert(1)
            with pytest.raises(DataError):
                issue("SELECT 1 / 0").fetchall()
            reached.append("the end")
        assert reached == ["the end"]
        assert not is_outage(raised.value)
        assert numbers() == []

    def test_rolls_back_when_the_commit_fails(self) -> None:
        with pytest.raises(IntegrityError), pipelined_transaction("default"):
            insert(1)
            insert(1)
        assert numbers() == []

    def test_leaves_a_connection_that_commits_each_statement(self) -> None:
        for failure in (Broken, IntegrityError):
            with pytest.raises(failure), pipelined_transaction("default"):
                insert(1)
                insert(1)
                if failure is Broken:
                    raise Broken
            assert not connections["default"].in_atomic_block
            execute("INSERT INTO numbers VALUES (3)")
            assert elsewhere(numbers) == [3]
            execute("DELETE FROM numbers")

    def test_waits_for_a_lock_no_longer_than_it_is_allowed(self) -> None:
        with transaction.atomic():
            execute("LOCK TABLE numbers")

            def write() -> None:
                with pipelined_transaction("default", lock_timeout_ms=50):
                    insert(1)

            with pytest.raises(OperationalError) as raised:
                elsewhere(write)
        assert raised.value.__cause__.sqlstate == LOCK_NOT_AVAILABLE
        assert not is_outage(raised.value)

    def test_waits_for_a_lock_without_end_by_default(self) -> None:
        def write() -> None:
            with pipelined_transaction("default"):
                insert(1)
            connections.close_all()

        thread = Thread(target=write)
        with transaction.atomic():
            execute("LOCK TABLE numbers")
            thread.start()
            wait_until_blocked()
        thread.join(30)
        assert numbers() == [1]

    def test_has_a_lock_timeout_of_its_own_alone(self) -> None:
        before = execute("SHOW lock_timeout")
        with pipelined_transaction("default", lock_timeout_ms=50):
            within = issue("SHOW lock_timeout").fetchall()
        assert within == [("50ms",)]
        assert execute("SHOW lock_timeout") == before


class TestWithinATransaction:
    def test_is_a_savepoint(self) -> None:
        with transaction.atomic():
            insert(1)
            with pytest.raises(Broken), pipelined_transaction("default"):
                insert(2)
                raise Broken
            with pytest.raises(ProgrammingError), pipelined_transaction("default"):
                insert(3)
                issue("SELECT * FROM no_such_table")
            with pipelined_transaction("default"):
                insert(4)
            assert elsewhere(numbers) == []
        assert numbers() == [1, 4]

    @pytest.mark.parametrize("failure", [Broken, ProgrammingError])
    def test_is_a_savepoint_of_another_one(self, failure: type[Exception]) -> None:
        with pipelined_transaction("default"):
            insert(1)
            with pytest.raises(failure), pipelined_transaction("default"):
                insert(2)
                if failure is Broken:
                    raise Broken
                issue("SELECT * FROM no_such_table")
            with pytest.raises(Broken), transaction.atomic():
                insert(3)
                raise Broken
            insert(4)
        assert numbers() == [1, 4]

    def test_does_not_commit_what_django_says_must_be_rolled_back(self) -> None:
        with pytest.raises(TransactionManagementError), pipelined_transaction("default"):
            insert(1)
            with suppress(Broken), transaction.atomic(savepoint=False):
                raise Broken
        assert numbers() == []

    def test_ends_with_the_outer_one(self) -> None:
        with pytest.raises(Broken), transaction.atomic():
            with pipelined_transaction("default"):
                insert(1)
            raise Broken
        assert numbers() == []


class TestHooks:
    def test_run_once_after_the_commit(self) -> None:
        ran: list[list[int]] = []
        with pipelined_transaction("default"):
            insert(1)
            transaction.on_commit(lambda: ran.append(elsewhere(numbers)))
            assert ran == []
        assert ran == [[1]]
        with pipelined_transaction("default"):
            insert(2)
        assert ran == [[1]]

    @pytest.mark.parametrize("fails_at", ["in the block", "at the commit"])
    def test_do_not_run_after_a_rollback(self, fails_at: str) -> None:
        ran: list[int] = []
        with pytest.raises((Broken, IntegrityError)), pipelined_transaction("default"):
            transaction.on_commit(lambda: ran.append(1))
            insert(1)
            insert(1)
            if fails_at == "in the block":
                raise Broken
        with pipelined_transaction("default"):
            insert(2)
        assert ran == []

    def test_of_a_savepoint_wait_for_the_outer_commit(self) -> None:
        ran: list[int] = []
        with transaction.atomic():
            with pipelined_transaction("default"):
                transaction.on_commit(lambda: ran.append(1))
            assert ran == []
        assert ran == [1]


class TestLostConnection:
    @staticmethod
    def lose() -> None:
        [(pid,)] = issue("SELECT pg_backend_pid()").fetchall()
        assert elsewhere(lambda: execute("SELECT pg_terminate_backend(%s, 5000)", pid)) == [(True,)]

    def test_in_the_middle_is_an_outage_and_leaves_nothing(self) -> None:
        with pytest.raises(OperationalError) as raised, pipelined_transaction("default"):
            insert(1)
            self.lose()
            insert(2)
        assert is_outage(raised.value)
        assert elsewhere(numbers) == []

    def test_is_replaced_for_the_next_transaction(self) -> None:
        with pytest.raises(OperationalError), pipelined_transaction("default"):
            self.lose()
            insert(1)
        with pipelined_transaction("default"):
            insert(2)
        assert numbers() == [2]

    def test_by_the_block_itself_rolls_back_and_is_replaced(self) -> None:
        with pytest.raises(TransactionManagementError), pipelined_transaction("default"):
            insert(1)
            connections["default"].close()
        with pipelined_transaction("default"):
            insert(2)
        assert numbers() == [2]

    def test_before_it_began_goes_unnoticed(self) -> None:
        self.lose()
        connections["default"].close_if_unusable_or_obsolete()
        with pipelined_transaction("default"):
            insert(1)
        assert numbers() == [1]
