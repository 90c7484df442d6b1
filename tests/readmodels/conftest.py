"""The read side is tested against a log of its own making, brought to it by hand."""

import pytest

from readmodels.tasks import project
from tests.readmodels.log import Log


@pytest.fixture(autouse=True)
def _no_wake_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else applies events while a test looks, and no broker is needed."""
    monkeypatch.setattr(project, "delay", lambda **_: None)


@pytest.fixture
def log(db: None) -> Log:
    return Log()


@pytest.fixture(autouse=True)
def _no_write_bypasses_the_events() -> None:
    """Switch the audit off: most histories here are events without a write side."""
