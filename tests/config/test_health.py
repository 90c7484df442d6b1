"""The addresses that probes ask."""

from collections.abc import Iterator

import pytest
from django.db import connections
from django.test import Client
from structlog.testing import capture_logs

from config.monitoring import health
from config.monitoring.database_probes import DatabaseQuestion
from config.monitoring.probes import DOWN, UP, Probe
from tests.config.refusing import refused
from tests.http.api import assert_problem

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


@pytest.fixture(autouse=True)
def _close_probes(db: None) -> Iterator[None]:
    """Close the connections of the probes' threads, which keep the databases from going."""
    yield
    for probe in health.PROBES.values():
        probe._pool.submit(connections.close_all).result()


class TestHealth:
    @pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/health/startup"])
    def test_is_only_read(self, client: Client, path: str):
        strict = Client(enforce_csrf_checks=True)
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
        for refuse in (strict.post, strict.delete, strict.options):
            answer = refuse(path)
            assert_problem(answer, 405, "method_not_allowed")
            assert answer["Allow"] == "GET, HEAD"

    def test_names_each_dependency(self, client: Client):
        answer = client.get("/health/ready").json()
        assert answer == {
            "status": "ok",
            "checks": {"write_database": "up", "read_database": "up", "redis": "up"},
            "breakers": {"default": "closed", "replica": "closed"},
            "workers": {},
            "beat": None,
            "sweep": {},
        }


@pytest.fixture
def replica() -> Iterator[Probe]:
    probe = Probe(DatabaseQuestion("replica", if_read_only=UP))
    yield probe
    probe._pool.submit(connections.close_all).result()


class TestDatabaseQuestion:
    def test_logs_when_the_database_goes_and_when_it_is_back(self, replica: Probe) -> None:
        with capture_logs() as logs:
            assert [replica.start().result() for _ in range(2)] == [UP, UP]
            for _ in range(2):
                with refused(replica):
                    assert [replica.start().result() for _ in range(3)] == [DOWN, DOWN, DOWN]
                assert [replica.start().result() for _ in range(2)] == [UP, UP]
        probed = [line for line in logs if line.get("database") == "replica"]
        for line in probed:
            line.pop("duration_s", None)
        failed = {"event": "probe_failed", "database": "replica", "log_level": "warning",
                  "reason": "OperationalError"}  # fmt: skip
        back = {"event": "probe_recovered", "database": "replica", "log_level": "warning"}
        assert probed == [failed, back, failed, back]
