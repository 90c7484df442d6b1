"""The engine's process, which is another program here: what it says, and when it is ended."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from cqrs.cdc import embedded, engine
from cqrs.cdc.changes import Record
from cqrs.cdc.embedded import EngineEnded, run_engine
from cqrs.cdc.silence import Silence
from tests.support.desk import wait_for

PATIENT_S = 3_600.0
BATCH = '{"records": [["topic", null, null, {}]]}'
SAYS_NOTHING = "input(); input()"
BATCH_WRITTEN = f"input(); print('{BATCH}', flush=True)"
SAYS_ONE_BATCH = f"{BATCH_WRITTEN}; input(); input(); input()"
ENDS = "input()"
HANGS = "import time; input(); time.sleep(3600)"

Program = Callable[[str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Let another program run in the engine's place."""

    def write(text: str) -> None:
        path = tmp_path / "engine.py"
        path.write_text(text)
        monkeypatch.setattr(engine, "__file__", str(path))

    return write


def run(handle: Any, silence: Silence, stop: threading.Event | None = None) -> None:
    run_engine({}, handle, stop or threading.Event(), silence)


def nothing(_: Sequence[Record]) -> None:
    return None


class TestEngine:
    def test_that_says_nothing_is_ended(self, program: Program):
        program(SAYS_NOTHING)
        with pytest.raises(EngineEnded, match=r"nothing has come from the engine for 0\.5 s"):
            run(nothing, Silence(0.5, PATIENT_S))

    def test_that_says_nothing_more_is_ended(self, program: Program):
        program(SAYS_ONE_BATCH)
        with pytest.raises(EngineEnded, match=r"nothing has come from the engine for 0\.5 s"):
            run(nothing, Silence(PATIENT_S, 0.5))

    def test_that_ends_is_named(self, program: Program):
        program(ENDS)
        with pytest.raises(EngineEnded, match="its process has ended"):
            run(nothing, Silence(PATIENT_S, PATIENT_S))

    def test_that_hangs_does_not_hold_up_the_end(
        self, program: Program, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(embedded, "STOP_S", 0.1)
        program(HANGS)
        stop = threading.Event()
        stop.set()
        run(nothing, Silence(PATIENT_S, PATIENT_S), stop)


class TestSilence:
    def test_counts_no_time_in_which_a_line_is_handled(self):
        silence = Silence(0, 0)
        silence.end()
        assert silence.complaint() == ""
        silence.begin()
        wait_for(silence.complaint)
