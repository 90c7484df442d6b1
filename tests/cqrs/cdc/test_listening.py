"""What `cdc run` joins: its source, the looks, and the thread that projects."""

import threading
from functools import partial

import pytest

from cqrs.cdc.capture import Handle, Missed
from cqrs.cdc.changes import Record
from cqrs.cdc.waking import ProjectingThread
from cqrs.management.commands import cdc
from tests.support.waiting import BOTH

EVENT = Record("desk.public.cqrs_event", '{"id":7}', '{"op":"c"}')
NEVER_S = 3_600.0


class OneEvent:
    """A source that passes one event on, and ends when that was projected."""

    name = "one"

    def __init__(self) -> None:
        self.projected = threading.Semaphore(0)
        self.is_projected = False

    def run(self, handle: Handle, missed: Missed, stop: threading.Event) -> None:
        handle([EVENT])
        self.is_projected = self.projected.acquire(timeout=10)
        stop.set()


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestListening:
    def test_projects_when_an_event_was_captured(self, monkeypatch: pytest.MonkeyPatch):
        source = OneEvent()
        without_sweep = partial(ProjectingThread, sweep_s=NEVER_S)
        monkeypatch.setattr(cdc, "ProjectingThread", without_sweep)
        monkeypatch.setattr(cdc, "_project", source.projected.release)
        monkeypatch.setattr(cdc, "serve_metrics", lambda: None)
        cdc._listen(source, threading.Event())
        assert source.is_projected
