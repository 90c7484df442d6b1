"""`manage.py load` against a desk that really serves."""

import json
import signal
import threading
from random import Random

import pytest

from config.load.caller import Caller
from config.load.login import Login
from config.load.read_back import read_back
from config.load.world import Confirmed, World
from config.load.writes import register
from cqrs.messaging.ids import uuid7
from tests.support.desk import PASSWORD, Desk, wait_for

NAMED = {"create order", "order", "orders of a customer", "confirm"}


class TestLoad:
    def test_places_orders_and_reads_each_of_them_back(self, desk: Desk):
        code, stdout, stderr = desk.run(
            "load", "--orders", "10", "--concurrency", "3", "--seconds", "60", "--json"
        )
        assert (code, stderr) == (0, "")
        found = json.loads(stdout)
        assert found["errors"] == {}
        assert found["orders"] == found["read_back"]["orders"] == 10
        assert found["read_back"]["missing"] == []
        assert found["read_back"]["customers"] >= 20
        assert found["kinds"].keys() >= NAMED
        assert sum(kind["count"] for kind in found["kinds"].values()) == found["requests"]
        assert found["read_lag"]["count"] > 0
        assert 0 < found["visible"]["p50_ms"] <= found["visible"]["p99_ms"]

    def test_prints_its_summary_when_it_is_interrupted(self, desk: Desk):
        load = desk.manage("load", "--orders", "100000", "--seconds", "300")
        with desk.client() as client:
            placed = "/api/orders?search=load.invalid&page_size=1"
            before = client.get(placed).json()["count"]
            wait_for(lambda: client.get(placed).json()["count"] > before)
        load.send_signal(signal.SIGINT)
        stdout, stderr = load.communicate(timeout=60)
        assert (load.returncode, stderr) == (130, b"")
        lines = stdout.decode().splitlines()
        assert "errors: none" in lines
        assert lines[-1].startswith("read back: ")
        assert lines[-1].endswith(" customers, 0 missing")

    @pytest.mark.parametrize(
        ("arguments", "environment", "line"),
        [
            (
                ["--username", "viewer"],
                {},
                "register customer: 403 permission_denied, set stock: 403 permission_denied",
            ),
            ([], {"DEMO_PASSWORD": "wrong"}, "logging in was answered 401 not_authenticated"),
            (["--url", "http://127.0.0.1:1"], {}, "ConnectionRefusedError"),
        ],
    )
    def test_says_in_one_line_why_it_cannot_begin(
        self, desk: Desk, arguments: list[str], environment: dict[str, str], line: str
    ):
        code, stdout, stderr = desk.run("load", *arguments, **environment)
        assert (code, stdout) == (1, "")
        assert stderr.startswith("CommandError: http://127.0.0.1:")
        assert stderr.endswith(f": {line}\n")


class TestReadBack:
    def test_names_what_was_confirmed_and_is_not_there(self, desk: Desk):
        caller = Caller(desk.url, Login("admin", PASSWORD), threading.Event())
        lost, world = str(uuid7()), World(1)
        register(caller, world, Random())
        [(customer, token)] = world.confirmed_customers.items()
        world.confirmed[lost] = Confirmed(customer, 2, "confirmed", token)
        found = read_back(caller, world)
        assert (found.customers, found.orders) == (1, 0)
        assert found.missing == [f"order {lost}: confirmed, version 2"]
