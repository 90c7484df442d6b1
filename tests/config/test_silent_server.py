"""A server that accepts everything and answers nothing, or whose machine has vanished."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from config.database.limits import by_profile
from cqrs.database import commit_outcome
from cqrs.database.breaker import CircuitOpen, database_breaker
from cqrs.database.commit_outcome import OutcomeUnknown
from cqrs.database.cursors import server_cursor
from cqrs.database.outages import WriteSideUnavailable, is_outage, named
from cqrs.database.pipelines import pipelined_transaction
from cqrs.database.profiles import Profile, use_profile
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from orders.commands import SetStock
from orders.models import StockItem
from tests.support.faults import after_publishing
from tests.support.tcp_proxy import Proxy, proxied

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])

WEB_MS = 300
LIMIT_S = WEB_MS / 1000 + 1  # the connection waits a second longer than its server
SLACK_S = 1.0
AT_ONCE_S = 1.0  # on a busy machine; to ask the server would take longer


@pytest.fixture
def web_ms() -> int:
    return WEB_MS


@pytest.fixture
def wire(web_ms: int, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Proxy]:
    """Connect through a proxy that can fall silent, with limits of the web that are shorter."""
    limits = by_profile(
        lock_ms=200, first_lock_ms=100, web_ms=web_ms, worker_ms=web_ms, idle_ms=5_000
    )
    given = connection.settings_dict
    with proxied(given["HOST"], int(given["PORT"])) as (proxy, port), use_profile(Profile.WEB):
        with monkeypatch.context() as patch:
            patch.setattr(settings, "DATABASE_LIMITS", limits)
            patch.setitem(given, "PORT", str(port))
            connection.close()
            connection.ensure_connection()
            yield proxy
        connection.close()
        database_breaker("default").reset()


@contextmanager
def lasting(least_s: float, most_s: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert least_s <= time.monotonic() - started <= most_s


def statement() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def prepared_statement() -> None:
    server_cursor("default").execute("SELECT 1")


def server_side_cursor() -> None:
    with transaction.atomic():
        list(StockItem.objects.iterator())


def copy() -> None:
    text = "COPY (SELECT 1) TO STDOUT"
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(text) as rows,
    ):
        list(rows)


def pipeline() -> None:
    with pipelined_transaction("default"):
        server_cursor("default").execute("SELECT 1")


class TestSilentServer:
    @pytest.mark.parametrize(
        "use", [statement, prepared_statement, server_side_cursor, copy, pipeline]
    )
    def test_is_given_up(self, wire: Proxy, use: Callable[[], None]):
        wire.is_silent = True
        with lasting(LIMIT_S, LIMIT_S + SLACK_S), pytest.raises(OperationalError) as raised:
            use()
        assert is_outage(raised.value)
        connection.close()
        wire.is_silent = False
        database_breaker("default").reset()
        use()

    def test_has_its_connection_closed_at_once(self, wire: Proxy):
        wire.is_silent = True
        with lasting(0, AT_ONCE_S):
            connection.close()

    def test_opens_the_breaker(self, wire: Proxy):
        wire.is_silent = True
        with pytest.raises(OperationalError):
            statement()
        connection.close()
        with lasting(0, AT_ONCE_S), pytest.raises(OperationalError) as raised:
            statement()
        assert isinstance(raised.value.__cause__, CircuitOpen)

    def test_is_an_unknown_outcome_when_it_falls_silent_at_the_commit(
        self, wire: Proxy, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(commit_outcome, "PATIENCE_S", 0.5)
        with (
            lasting(LIMIT_S, LIMIT_S + 0.5 + SLACK_S),
            after_publishing(lambda: setattr(wire, "is_silent", True)),
            pytest.raises(OutcomeUnknown),
        ):
            bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1})
        wire.is_silent = False


class TestVanishedMachine:
    @pytest.fixture
    def web_ms(self) -> int:
        return 60_000  # so that it is not the connection's own limit that is met

    def test_is_given_up_with_its_open_connection(self, wire: Proxy):
        wire.vanish()
        with lasting(2, 20), pytest.raises(WriteSideUnavailable), named(WriteSideUnavailable):
            statement()

    def test_is_not_connected_to_for_longer_than_three_seconds(self, wire: Proxy):
        connection.close()
        wire.vanish()
        with lasting(2, 10), pytest.raises(OperationalError):
            statement()
        with lasting(0, AT_ONCE_S), pytest.raises(OperationalError) as raised:
            statement()
        assert isinstance(raised.value.__cause__, CircuitOpen)
