"""The addresses that probes ask."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


class TestHealth:
    @pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
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
        }
