"""What `/health/startup` waits for."""

from collections.abc import Sequence

import pytest
from django.core import checks

from config.monitoring.probes import Probe
from config.monitoring.startup import Startup

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
        assert missing(startup) == "check x.E001, check x.E002"
        assert not startup.is_complete

    def test_takes_no_warning_for_a_reason(self, monkeypatch: pytest.MonkeyPatch) -> None:
        find(monkeypatch, [checks.Warning("older tables", id="cqrs.W001")])
        assert missing(Startup()) == ""

    def test_looks_no_more_once_it_is_complete(self, monkeypatch: pytest.MonkeyPatch) -> None:
        startup = Startup()
        assert missing(startup) == ""
        find(monkeypatch, [checks.Error("one", id="x.E001")])
        assert missing(startup) == ""
