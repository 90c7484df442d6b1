"""The addresses that probes ask."""

from collections.abc import Iterator

import pytest
from django.db import connections
from django.test import Client

from config.monitoring import health

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
        assert strict.post(path).status_code == 405
        assert strict.delete(path).status_code == 405

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
