"""The file of an export is whole or not there, and takes no more memory if it is large."""

import sys
import threading
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cqrs.messaging import bus
from cqrs.messaging.results import Rejected
from readmodels.queries import ExportOrders
from tests.readmodels.queries.asking import exported
from tests.support.api import bearer
from tests.support.log import Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
MODULE = sys.modules[ExportOrders.__module__]  # its function has the same name
MANY = """
INSERT INTO read_orders (id, version, position, customer_id, customer_name, customer_email, status,
    currency, total_amount, item_count, order_date, updated_at, document)
SELECT gen_random_uuid(), version, position, customer_id, customer_name, customer_email, status,
    currency, total_amount, item_count, order_date + number * interval '1 s', updated_at,
    document
FROM read_orders, generate_series(1, %s) AS number
"""


@pytest.fixture
def thousands(log: Log) -> int:
    log.order(log.customer("Ada", "ada@example.com"))
    log.projected()
    with connections["replica"].cursor() as cursor:
        cursor.execute(MANY, [3_999])
    return 4_000


class TestSize:
    def test_is_fetched_and_held_in_pieces(
        self, thousands: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetched: list[int] = []
        fetch = psycopg.ServerCursor.fetchmany

        def fetchmany(self: Any, size: int = 0) -> list[Any]:
            rows = fetch(self, size)
            fetched.append(len(rows))
            return rows

        monkeypatch.setattr(psycopg.ServerCursor, "fetchmany", fetchmany)
        with CaptureQueriesContext(connections["replica"]) as statements:
            assert len(exported()) == thousands
        assert (max(fetched), sum(fetched)) == (500, thousands)
        reads = [each["sql"] for each in statements if "SELECT" in each["sql"]]
        assert len(reads) == 1

    def test_does_not_stay_in_memory(self, thousands: int) -> None:
        with bus.ask(ExportOrders, {}).value as file:
            assert file._rolled  # to disk

    def test_leaves_threads_for_others(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        taken = threading.BoundedSemaphore(1)
        monkeypatch.setattr(MODULE, "_running", lambda: taken)
        assert exported() == []
        assert exported() == []  # it was given back
        taken.acquire()
        result = bus.ask(ExportOrders, {})
        assert isinstance(result, Rejected)
        assert result.code == "throttled"


class TestAddress:
    def get(self, client: Client, query: str = "", **headers: str) -> Any:
        return client.get(f"/api/orders.csv{query}", headers={**bearer("ada"), **headers})

    @pytest.mark.parametrize("accept", ["*/*", "text/csv", "application/json"])
    def test_gives_a_file(self, client: Client, thousands: int, accept: str) -> None:
        answer = self.get(client, "?status=pending", Accept=accept)
        assert answer.status_code == 200
        body = b"".join(answer.streaming_content)
        assert int(answer["Content-Length"]) == len(body)
        assert body.count(b"\r\n") == thousands + 1
        assert answer["Content-Type"].startswith("text/csv")
        assert answer["Content-Disposition"] == 'attachment; filename="orders.csv"'
        assert "X-Read-Lag-Ms" in answer
        assert answer["Cache-Control"] == "private, no-store"
        assert set(answer["Vary"].split(", ")) == {"Accept", "Authorization"}

    def test_answers_errors_as_problems(self, client: Client) -> None:
        answer = self.get(client, "?page=1")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert client.get("/api/orders.csv").status_code == 401

    def test_says_when_to_come_back(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        taken = threading.BoundedSemaphore(1)
        taken.acquire()
        monkeypatch.setattr(MODULE, "_running", lambda: taken)
        answer = self.get(client)
        assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
        assert int(answer["Retry-After"]) >= 1

    @pytest.mark.django_db(transaction=True, databases=["default", "replica"])
    def test_gives_no_half_file_when_the_database_is_lost_midway(
        self, client: Client, thousands: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetch, calls = psycopg.ServerCursor.fetchmany, []

        def fetchmany(self: Any, size: int = 0) -> list[Any]:
            calls.append(size)
            if len(calls) in (3, 6):  # it is asked once more after the first loss
                other = connections.create_connection("replica")
                with other.cursor() as cursor:
                    pid = self.connection.info.backend_pid
                    cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
                other.close()
            return fetch(self, size)

        monkeypatch.setattr(psycopg.ServerCursor, "fetchmany", fetchmany)
        answer = self.get(client)
        assert len(calls) == 6
        assert (answer.status_code, answer.json()["code"]) == (503, "read_side_unavailable")
        connections["replica"].close()
        answer = self.get(client)
        assert b"".join(answer.streaming_content).count(b"\r\n") == thousands + 1
