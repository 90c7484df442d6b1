"""A query meets a connection that the server has ended."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connections
from structlog.testing import capture_logs

from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Rejected
from cqrs.projections import lag
from readmodels.models import OrderReadModel
from readmodels.queries import GetOrderById
from tests.support.faults import handled_by

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])


def end_the_connection() -> None:
    """Let the server end this thread's connection, as it does when it is stopped."""
    connection = connections["replica"]
    connection.ensure_connection()
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
        autocommit=True,
    ) as other:
        pid = connection.connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def ask(handler: Callable[[], Any]) -> Any:
    with handled_by(GetOrderById, lambda _: handler()), capture_logs() as logs:
        result = bus.ask(GetOrderById, {"order_id": uuid7()})
    return result, [log["reason"] for log in logs if log["event"] == "query_repeated"]


class TestReconnection:
    def test_repeats_a_query_whose_connection_breaks(self):
        faults = [end_the_connection]

        def handler() -> Any:
            OrderReadModel.objects.count()
            if faults:
                faults.pop()()
            return Rejected("counted", str(OrderReadModel.objects.count()))

        answer, reasons = ask(handler)
        assert (answer.message, reasons) == ("0", ["AdminShutdown"])

    def test_repeats_it_once(self):
        def handler() -> Any:
            end_the_connection()
            return OrderReadModel.objects.count()

        with pytest.raises(OperationalError):
            ask(handler)
        connections["replica"].close()

    def test_does_not_repeat_without_a_server_to_connect_to(self, monkeypatch: pytest.MonkeyPatch):
        asked: list[int] = []

        def handler() -> Any:
            asked.append(1)
            return OrderReadModel.objects.count()

        connections["replica"].close()
        with monkeypatch.context() as patch:
            patch.setitem(connections["replica"].settings_dict, "PORT", "1")
            with pytest.raises(OperationalError):
                ask(handler)
        assert len(asked) == 1


class TestReadLag:
    def test_repeats_its_own_look_whose_connection_breaks(self):
        lag.read_lag.forget()
        end_the_connection()
        connections["replica"].health_check_done = True  # it broke a moment after
        with capture_logs() as logs:
            assert lag.read_lag.ms("orders") is None
        repeated = [log["name"] for log in logs if log["event"] == "query_repeated"]
        assert repeated == ["read_lag"]


class TestHealthCheck:
    def test_finds_what_the_server_has_ended_and_costs_no_statement(self):
        connection = connections["replica"]
        connection.ensure_connection()
        assert connection.is_usable()
        end_the_connection()
        assert not connection.is_usable()
        connection.close_if_unusable_or_obsolete()
        assert OrderReadModel.objects.count() == 0
        assert connection.is_usable()

    def test_takes_no_connection_for_usable_that_is_in_a_failed_transaction(self):
        connection = connections["replica"]
        connection.ensure_connection()
        connection.connection.execute("BEGIN")
        assert not connection.is_usable()
        connection.close()
