"""Our own log lines, as they arrive at standard error."""

import json
import logging
import os
import sys
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import structlog
from django.test import RequestFactory

from config.monitoring import log_ids, logs
from cqrs.http.middleware import IDS, Ids
from cqrs.messaging.context import system_context, use_context

log = structlog.get_logger("cqrs.bus")


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


class TestLine:
    def test_has_its_fields_and_those_of_its_logger(self, capfd: pytest.CaptureFixture[str]):
        with structlog.contextvars.bound_contextvars(request_id="r1"):
            log.warning("message", name="Ping", duration_ms=0.25)
        [found] = lines(capfd)
        assert datetime.fromisoformat(found.pop("timestamp")).utcoffset() is not None
        assert found == {
            "event": "message", "name": "Ping", "duration_ms": 0.25, "request_id": "r1",
            "level": "warning", "logger": "cqrs.bus", "correlation_id": "c0",
        }  # fmt: skip

    def test_has_the_ids_of_what_is_done(self, capfd: pytest.CaptureFixture[str]):
        traceparent = f"00-{'4' * 32}-{'5' * 16}-01"
        with use_context(system_context(correlation_id="c1", traceparent=traceparent)):
            log.warning("first", correlation_id="its own")
            log.warning("second")
        first, second = lines(capfd)
        assert (first["correlation_id"], first["trace_id"]) == ("its own", "4" * 32)
        assert (second["correlation_id"], second["trace_id"]) == ("c1", "4" * 32)

    def test_has_those_of_a_command_and_of_a_task(self, capfd: pytest.CaptureFixture[str]):
        def work() -> None:
            log_ids.begin_command("worker")
            log.warning("before")
            log_ids.begin_task("project", "01234567-89ab-cdef-0123-456789abcdef")
            log.warning("in")
            log_ids.end_task()
            log.warning("after")

        thread = Thread(target=work)  # with a context of its own
        thread.start()
        thread.join()
        before, within, after = lines(capfd)
        assert before["command"] == within["command"] == "worker"
        assert before["correlation_id"] == before["trace_id"]
        assert within["task"] == "project"
        assert within["correlation_id"] == "01234567-89ab-cdef-0123-456789abcdef"
        assert within["trace_id"] == "0123456789abcdef0123456789abcdef"
        assert {"task", "correlation_id"}.isdisjoint(after)

    def test_is_not_there_below_the_level_of_its_logger(self, capfd: pytest.CaptureFixture[str]):
        structlog.get_logger("readmodels.tasks").info("quiet")
        standard = logging.getLogger("cqrs")
        before = standard.level
        standard.setLevel(logging.ERROR)  # as load_demo does
        try:
            log.warning("quiet")
        finally:
            standard.setLevel(before)
        log.warning("loud")
        assert [line["event"] for line in lines(capfd)] == ["loud"]

    def test_holds_an_exception(self, capfd: pytest.CaptureFixture[str]):
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            log.exception("failed")
        [found] = lines(capfd)
        assert found["level"] == "error"
        assert found["exception"].startswith("Traceback (most recent call last):\n")
        assert found["exception"].endswith("ZeroDivisionError: division by zero")

    def test_repeats_no_values_of_an_error(self, capfd: pytest.CaptureFixture[str]):
        error = ValueError("taken\nDETAIL:  Key (name)=(Ada Lovelace) exists")
        try:
            raise error
        except ValueError:
            log.exception("failed")
        assert "Lovelace" not in capfd.readouterr().err

    @pytest.mark.parametrize(
        ("value", "shown"),
        [("\ud800", "\ud800"), (2**70, 2**70), ({1}, "{1}"), (Path("a"), repr(Path("a")))],
    )
    def test_takes_every_value(self, value: Any, shown: Any):
        assert json.loads(logs.line({"value": value})) == {"value": shown}

    def test_stays_whole_beside_those_of_other_threads(self, capfd: pytest.CaptureFixture[str]):
        def write(letter: str) -> None:
            for _ in range(200):
                log.warning("long", text=letter * 1000)

        threads = [Thread(target=write, args=(letter,)) for letter in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = lines(capfd)
        assert len(found) == 800
        assert all(len(set(line["text"])) == 1 for line in found)

    def test_that_no_process_reads_fails_no_caller(self, monkeypatch: pytest.MonkeyPatch):
        reading, writing = os.pipe()
        os.close(reading)
        with open(writing, "wb", buffering=0) as closed:
            monkeypatch.setattr(logs, "_stderr", closed)
            log.warning("message")


class TestOthers:
    def test_write_json_by_the_standard_way(self):
        """Their handler took standard error when the settings were read."""
        [handler] = [h for h in logging.getLogger().handlers if h.name == "stderr"]
        record = logging.LogRecord("django.x", logging.ERROR, "", 0, "a %s", ("b",), sys.exc_info())
        found = json.loads(handler.format(record))
        assert (found["event"], found["level"], found["logger"]) == ("a b", "error", "django.x")
        assert found["correlation_id"] == "c0"

    def test_have_the_ids_of_the_request_that_they_are_about(self):
        """Django logs an answer of 500 or more when the request is over."""
        [handler] = [h for h in logging.getLogger().handlers if h.name == "stderr"]
        record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Busy", (), None)
        record.request = RequestFactory().get("/")
        record.request.META[IDS] = Ids(None, "6" * 32, "shop-42")
        found = json.loads(handler.format(record))
        assert (found["request_id"], found["correlation_id"]) == ("shop-42", "shop-42")
        assert found["trace_id"] == "6" * 32
