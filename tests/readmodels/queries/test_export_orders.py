"""The export: what its rows say, which orders it holds, and how little of them at a time."""

import csv
import io
import sys
import threading
from typing import Any

import orjson
import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cqrs import bus
from cqrs.context import Context, use_context
from cqrs.results import Ok, Rejected
from readmodels.queries import ExportOrders, ListOrders
from readmodels.queries.order_rows import HEADER, harmless
from tests.api import bearer
from tests.readmodels.log import Log
from tests.readmodels.queries.asking import ids, wrong

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


def exported(**payload: Any) -> list[dict[str, str]]:
    result = bus.ask(ExportOrders, payload)
    assert isinstance(result, Ok), result
    with result.value as file:
        return list(csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")))


class TestRows:
    def test_say_what_the_order_and_its_line_say(self, log: Log) -> None:
        order = log.order(
            log.customer("Ünal, Ada", "ada@example.com"),
            product_name='Lamp "big"\nred',
            special_instructions="=HYPERLINK(1)",
        )
        log.ship(order)
        log.projected()
        document = orjson.loads(bus.ask(ListOrders, {}).value.documents[0])
        (row,) = exported()
        assert tuple(row) == HEADER
        line = document["items"][0]
        assert row == {
            **{name: str(document[name]) for name in HEADER if name in document},
            **{name: str(line[name]) for name in HEADER if name in line},
            "order_id": str(order),
            "ordered_at": document["order_date"],
            "special_instructions": "'=HYPERLINK(1)",
        }

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
    def test_hold_no_formula(self, start: str) -> None:
        assert harmless(f"{start}1+1") == f"'{start}1+1"

    @pytest.mark.parametrize("value", ["", "Ada", "a=1", "'=1", 5, -5, "0.00"])
    def test_leave_the_rest_as_it_is(self, value: Any) -> None:
        assert harmless(value) == value


class TestSelection:
    def test_is_that_of_the_list_in_its_order(self, log: Log) -> None:
        ada, bo = log.customer("Ada"), log.customer("Bo")
        for number in range(6):
            order = log.order((ada, bo)[number % 2], total=f"{number}.00")
            if number % 3 == 0:
                log.confirm(order)
        log.projected()
        for payload in (
            {},
            {"status": ["pending"]},
            {"status": ["pending", "confirmed"], "ordering": "total_amount"},
            {"customer_id": str(ada), "min_total": "1"},
            {"search": "bo", "ordering": "-customer_name"},
            {"from_date": "2030-01-01"},
        ):
            rows = [row["order_id"] for row in exported(**payload)]
            assert rows == ids(ListOrders, page_size=100, **payload)

    def test_takes_no_paging(self) -> None:
        assert wrong(ExportOrders, page="1", page_size="5", cursor="", status="lost") == {
            "status": "unknown_status",
            "page": "extra_forbidden",
            "page_size": "extra_forbidden",
            "cursor": "extra_forbidden",
        }

    def test_needs_the_permission_of_the_list(self) -> None:
        assert ExportOrders.permission == ListOrders.permission
        may = Context(permissions=frozenset({"readmodels.view_customers"}))
        with use_context(may), pytest.raises(PermissionDenied, match="view_orders"):
            bus.ask(ExportOrders, {})


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
        monkeypatch.setattr(MODULE, "_running", taken)
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

    def test_answers_errors_as_problems(self, client: Client) -> None:
        answer = self.get(client, "?page=1")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert client.get("/api/orders.csv").status_code == 401

    def test_says_when_to_come_back(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        taken = threading.BoundedSemaphore(1)
        taken.acquire()
        monkeypatch.setattr(MODULE, "_running", taken)
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
