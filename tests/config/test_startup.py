"""What `/health/startup` waits for."""

from collections.abc import Sequence

import pytest
from django.core import checks
from structlog.testing import capture_logs

from config.monitoring.probes import Probe
from config.monitoring.startup import Startup
from tests.config.refusing import refused

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


def missing(startup: Startup) -> str:
    """Look in a thread with connections of its own, as the process does."""
    return Probe(startup.missing).start().result()


def find(monkeypatch: pytest.MonkeyPatch, found: Sequence[checks.CheckMessage]) -> None:
    monkeypatch.setattr(checks, "run_checks", lambda: found)


class TestStartup:
    def test_is_complete_with_all_tables_and_no_error(self) -> None:
        startup = Startup()
        assert missing(startup) == ""
        assert startup.is_complete

    def test_names_the_errors_of_the_checks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        find(monkeypatch, [checks.Error("one", id="x.E001"), checks.Error("two", id="x.E002")])
        startup = Startup()
        assert missing(startup) == "check x.E001; check x.E002"
        assert not startup.is_complete

    def test_takes_no_warning_for_a_reason(self, monkeypatch: pytest.MonkeyPatch) -> None:
        find(monkeypatch, [checks.Warning("older tables", id="cqrs.W001")])
        assert missing(Startup()) == ""

    def test_looks_no_more_once_it_is_complete(self, monkeypatch: pytest.MonkeyPatch) -> None:
        startup = Startup()
        assert missing(startup) == ""
        find(monkeypatch, [checks.Error("one", id="x.E001")])
        assert missing(startup) == ""


class TestLog:
    def test_has_a_line_for_each_change(self, monkeypatch: pytest.MonkeyPatch) -> None:
        startup = Startup()
        one, two = checks.Error("one", id="x.E001"), checks.Error("two", id="x.E002")
        with capture_logs() as logs:
            for found in ([one], [one], [one, two], [one, two], [two], [one, two], [], []):
                find(monkeypatch, found)
                missing(startup)
        assert [(line["event"], line.get("of"), line.get("reason")) for line in logs] == [
            ("startup_waits", "x.E001", "one"),
            ("startup_waits", "x.E002", "two"),
            ("startup_waits", "x.E001", "one"),
            ("startup_complete", None, None),
        ]

    def test_has_one_line_while_a_database_is_away(self) -> None:
        probe = Probe(Startup().missing)
        with capture_logs() as logs:
            with refused(probe):
                found = [probe.start().result() for _ in range(3)]
            assert probe.start().result() == ""
        assert found == ["replica: does not answer"] * 3
        waits = {"event": "startup_waits", "log_level": "warning", "of": "replica",
                 "reason": "OperationalError"}  # fmt: skip
        assert logs == [waits, {"event": "startup_complete", "log_level": "warning"}]

    def test_has_no_line_when_nothing_was_missing(self) -> None:
        with capture_logs() as logs:
            missing(Startup())
        assert logs == []
