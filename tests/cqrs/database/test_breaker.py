"""Leaving a server that does not answer alone."""

import pytest
from psycopg import OperationalError

from cqrs.database import breaker as module
from cqrs.database.breaker import (
    CONNECTING_S,
    DATABASE_PAUSE_S,
    Breaker,
    CircuitOpen,
    DatabaseBreaker,
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def fail(breaker: Breaker, error: Exception) -> None:
    with pytest.raises(type(error)), breaker.watching():
        raise error


class TestBreaker:
    def test_lets_everybody_through_while_the_server_answers(self, clock):
        breaker = Breaker(OSError)
        for _ in range(3):
            assert not breaker.is_open()
            with breaker.watching():
                pass

    def test_lets_one_through_after_the_pause_and_all_when_that_one_was_answered(self, clock):
        breaker = Breaker(OSError, pause_s=5)
        fail(breaker, OSError())
        assert breaker.is_open()
        clock.now += 5
        assert [breaker.is_open() for _ in range(3)] == [False, True, True]
        with breaker.watching():
            pass
        assert [breaker.is_open() for _ in range(3)] == [False] * 3

    def test_pauses_again_when_that_one_was_not_answered_either(self, clock):
        breaker = Breaker(OSError, pause_s=5)
        fail(breaker, OSError())
        clock.now += 5
        assert not breaker.is_open()
        clock.now += 1
        fail(breaker, OSError())
        clock.now += 4.9
        assert breaker.is_open()
        clock.now += 0.2
        assert not breaker.is_open()

    def test_takes_only_its_failures_for_silence(self, clock):
        breaker = Breaker(OSError)
        fail(breaker, ValueError())
        assert not breaker.is_open()


class TestDatabaseBreaker:
    def test_stops_connections_until_one_succeeds(self, clock):
        breaker = DatabaseBreaker("default")
        with pytest.raises(OperationalError), breaker.connecting():
            raise OperationalError("connection refused")
        assert breaker.state == "open"
        with pytest.raises(CircuitOpen), breaker.connecting():
            raise AssertionError("it was tried")
        clock.now += DATABASE_PAUSE_S
        with breaker.connecting():
            pass
        assert breaker.state == "closed"

    def test_lets_one_caller_try_as_long_as_connecting_takes(self, clock):
        breaker = DatabaseBreaker("default")
        breaker.open()
        clock.now += DATABASE_PAUSE_S
        with breaker.connecting():
            clock.now += CONNECTING_S - 0.1
            with pytest.raises(CircuitOpen), breaker.connecting():
                raise AssertionError("a second one tried")

    def test_stays_closed_if_another_one_connects_meanwhile(self, clock):
        breaker = DatabaseBreaker("default")

        def another_one_connects() -> None:
            clock.now += 1
            with breaker.connecting():
                pass
            raise OperationalError("timeout expired")

        with pytest.raises(OperationalError), breaker.connecting():
            another_one_connects()
        assert breaker.state == "closed"

    @pytest.mark.parametrize(
        "text",
        [
            "FATAL:  sorry, too many clients already",
            'FATAL:  too many connections for role "desk"',
            "FATAL:  remaining connection slots are reserved for roles with SUPERUSER",
        ],
    )
    def test_stays_closed_when_a_server_has_no_free_connection(self, clock, text: str):
        breaker = DatabaseBreaker("default")
        with pytest.raises(OperationalError), breaker.connecting():
            raise OperationalError(text)
        assert breaker.state == "closed"
