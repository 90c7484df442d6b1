"""Every message is counted by its outcome, and timed."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.core.exceptions import PermissionDenied
from structlog.testing import capture_logs

from cqrs.behaviors.performance import performance
from cqrs.messaging.messages import Command, Query
from cqrs.messaging.pipeline import Dispatch
from cqrs.messaging.results import Ok, Rejected, Result
from tests.support.counted import counted_more
from tests.support.kernel_settings import cqrs

Outcome = Callable[[], Result[Any]]


class LendBook(Command):
    permission: ClassVar[str] = "library.lend_book"


class ListBooks(Query):
    permission: ClassVar[str] = "library.view_book"


def observe(outcome: Outcome, message: type[Any] = LendBook) -> None:
    performance(Dispatch(message, {}), lambda _: outcome())


def raising(error: Exception) -> Outcome:
    def outcome() -> Result[Any]:
        raise error

    return outcome


class TestPerformance:
    @pytest.mark.parametrize(
        ("name", "outcome"),
        [
            ("ok", lambda: Ok(1)),
            ("out_of_stock", lambda: Rejected("out_of_stock", "None left")),
            ("exception", raising(KeyError("a bug"))),
            ("permission_denied", raising(PermissionDenied())),
        ],
    )
    def test_counts_the_outcome_and_times_the_message(self, name: str, outcome: Outcome):
        labels = {"message": "LendBook", "kind": "command"}
        one = counted_more("cqrs_messages_total", outcome=name, **labels)
        timed = counted_more("cqrs_message_duration_seconds_count", **labels)
        if name in ("ok", "out_of_stock"):
            observe(outcome)
        else:
            with pytest.raises((KeyError, PermissionDenied)):
                observe(outcome)
        assert (one(), timed()) == (1, 1)

    def test_tells_queries_from_commands(self):
        one = counted_more("cqrs_messages_total", message="ListBooks", kind="query", outcome="ok")
        observe(lambda: Ok(1), ListBooks)
        assert one() == 1

    def test_counts_replays_of_answers_and_of_refusals(self):
        replays = counted_more("cqrs_idempotent_replays_total", command="LendBook")
        observe(lambda: Ok(1, replayed=True))
        observe(lambda: Rejected("out_of_stock", "None left", replayed=True))
        observe(lambda: Ok(1))
        assert replays() == 2

    def test_warns_about_a_slow_message(self):
        with cqrs(SLOW_MESSAGE_MS=0), capture_logs() as logs:
            observe(lambda: Ok(1))
        [line] = [log for log in logs if log["event"] == "slow_message"]
        assert line["name"] == "LendBook"
