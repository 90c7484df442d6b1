"""`projections run` goes on when a projection fails as a whole, as a worker does."""

import os
import signal
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cqrs.management.projections import run
from readmodels.projections import PROJECTIONS

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let each attempt fail, and the third one be the last."""
    found: list[int] = []

    def failing(*_: Any, **__: Any) -> None:
        found.append(1)
        if len(found) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        raise ExceptionGroup("consumers failed", [ValueError("locked")])

    monkeypatch.setattr(run, "project", failing)
    monkeypatch.setattr(run, "POLL_S", 0.001)
    return found


class TestRunLoop:
    def test_tries_again_until_it_is_stopped(self, attempts: list[int]) -> None:
        run.run_loop(PROJECTIONS, Console(file=StringIO()), until_caught_up=False)
        assert len(attempts) == 3

    def test_fails_when_it_was_to_catch_up(self, attempts: list[int]) -> None:
        with pytest.raises(ExceptionGroup, match="consumers failed"):
            run.run_loop(PROJECTIONS, Console(file=StringIO()), until_caught_up=True)
        assert len(attempts) == 1
