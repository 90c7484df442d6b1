"""A hand-over that fails is left out for a while: projections go on, and reactions miss nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import Error
from structlog.testing import capture_logs

from cqrs.event_log import sequencer
from cqrs.models import ReactionWork
from cqrs.operations.worker import hand_over_breaker, project
from cqrs.projections.registry import projections, runner
from cqrs.reactions import executor
from tests.support.held import held
from tests.support.raising import writes_end_the_session, writes_raise
from tests.support.reacting import Recorder, position
from tests.support.scenarios import customer
from tests.support.waiting import BOTH

pytestmark = pytest.mark.django_db(transaction=True, databases=BOTH)
TABLE = "cqrs_reactionwork"


@pytest.fixture(autouse=True)
def _closed_again() -> Iterator[None]:
    yield
    hand_over_breaker().reset()


def positions() -> set[int]:
    return {each for projection in projections() for each in runner.positions(projection)}


def failures(logs: list[Any]) -> list[str]:
    found = [log for log in logs if log["event"] == "hand_over_failed"]
    return [log["error"].partition(":")[0] for log in found]


def registered() -> UUID:
    key = customer()
    project(projections())
    return key


LOCKED = partial(held, f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE")
REFUSED = partial(writes_raise, "default", TABLE, "23514")
TROUBLES = pytest.mark.parametrize(
    ("trouble", "error"),
    [(LOCKED, "OperationalError"), (REFUSED, "IntegrityError")],
    ids=["locked", "refused"],
)
Trouble = Callable[[], AbstractContextManager[Any]]


class TestHandOverThatFails:
    @TROUBLES
    def test_is_left_out_for_a_while(
        self, deploy: Any, monkeypatch: Any, trouble: Trouble, error: str
    ) -> None:
        deploy(Recorder())
        monkeypatch.setattr(hand_over_breaker(), "pause_s", 600.0)
        with trouble(), capture_logs() as logs:
            registered()
            registered()
            assert positions() == {2}
        assert failures(logs) == [error]
        assert (position(), ReactionWork.objects.count()) == (0, 0)

    @TROUBLES
    def test_is_retried_on_its_own_and_misses_nothing(
        self, deploy: Any, monkeypatch: Any, trouble: Trouble, error: str
    ) -> None:
        recorder = deploy(Recorder())
        monkeypatch.setattr(hand_over_breaker(), "pause_s", 0.0)
        with trouble(), capture_logs() as logs:
            keys = [registered(), registered()]
            assert positions() == {2}
        assert failures(logs) == [error, error]
        keys.append(customer())
        assert project(projections()).has_reactions is True
        assert (position(), ReactionWork.objects.count()) == (3, 3)
        assert hand_over_breaker().state == "closed"
        assert executor.run(recorder) == 3
        assert recorder.streams == keys

    def test_is_no_reason_to_pause_when_the_session_is_lost(self, deploy: Any) -> None:
        deploy(Recorder())
        customer()
        with writes_end_the_session("default", TABLE), pytest.raises(Error):
            project(projections())
        assert hand_over_breaker().state == "closed"
        assert project(projections()).has_reactions is True
        assert (position(), sequencer.head()) == (1, 1)
