"""The engine's process, which is another program here: what it says, and when it is ended."""

import io
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cqrs.cdc import embedded, engine
from cqrs.cdc.changes import Record
from cqrs.cdc.embedded import EmbeddedSource, EngineEnded, run_engine
from cqrs.cdc.silence import Silence
from tests.support.desk import wait_for
from tests.support.faults import Broken

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


class TestStart:
    def test_has_twice_the_time_after_one_that_said_nothing(
        self, program: Program, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(embedded, "START_S", 0.5)
        monkeypatch.setattr(embedded.offsets, "prepare", lambda *_: None)
        monkeypatch.setattr(embedded.slots, "capture_connection", nullcontext)
        monkeypatch.setattr(embedded.properties, "embedded", lambda *_: {})
        source, reasons = EmbeddedSource({}), list[str]()
        for text in (SAYS_NOTHING, ENDS, SAYS_NOTHING, f"{BATCH_WRITTEN}; input()", SAYS_NOTHING):
            program(text)
            with pytest.raises(EngineEnded) as ended:
                source.run(nothing, lambda: None, threading.Event())
            reasons.append(str(ended.value).removeprefix("nothing has come from the engine for "))
        ended_itself = "its process has ended"
        assert reasons == ["0.5 s", ended_itself, "1 s", ended_itself, "0.5 s"]


class TestSilence:
    def test_counts_no_time_in_which_a_line_is_handled(self):
        silence = Silence(0, 0)
        silence.end()
        assert silence.complaint() == ""
        silence.begin()
        wait_for(silence.complaint)


class Committer:
    """The engine's committer: what was called of it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def markProcessed(self, record: Any) -> None:
        self.calls.append("processed")

    def markBatchFinished(self) -> None:
        self.calls.append("finished")


class Output(io.StringIO):
    """The output of the engine's process, whose reader answers each line."""

    def __init__(self, answer: Callable[[], None]) -> None:
        super().__init__()
        self._answer = answer

    def flush(self) -> None:
        self._answer()


class TestOffsets:
    def test_are_committed_by_the_engine_after_the_answer(self):
        committer, at_the_answer = Committer(), list[list[str]]()

        def answer() -> None:
            at_the_answer.append([*committer.calls])
            child._answers.put("ok")

        child = engine.Engine({}, Output(answer))
        record = SimpleNamespace(destination=str, key=str, value=str, headers=list)
        child.handleBatch([record], committer)
        assert at_the_answer == [[]]
        assert child._answers.empty()  # it was waited for
        assert committer.calls == ["processed", "finished"]

    def test_are_not_committed_when_the_handling_has_failed(self, program: Program, tmp_path: Path):
        program(f"{BATCH_WRITTEN}; open({str(tmp_path / 'said')!r}, 'w').write(input())")

        def fail(_: Sequence[Record]) -> None:
            raise Broken

        with pytest.raises(Broken):
            run(fail, Silence(PATIENT_S, PATIENT_S))
        assert (tmp_path / "said").read_text() == "stop"

    def test_are_committed_when_the_batch_is_handled(self, program: Program, tmp_path: Path):
        program(f"{BATCH_WRITTEN}; open({str(tmp_path / 'said')!r}, 'w').write(input())")
        with pytest.raises(EngineEnded):
            run(nothing, Silence(PATIENT_S, PATIENT_S))
        assert (tmp_path / "said").read_text() == "ok"
