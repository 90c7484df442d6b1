"""The write server itself goes away in the middle of a command, and comes back."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import OperationalError, connection
from structlog.testing import capture_logs

from config.database.embedded.cluster import ADMINISTRATOR
from config.database.embedded.postgres import DATABASES
from cqrs.database import commit_outcome
from cqrs.database.commit_outcome import OutcomeUnknown
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok
from cqrs.models import EventRecord
from orders.commands import CreateOrder, SetStock
from orders.models import Order
from tests.support.desk import wait_for
from tests.support.faults import after_publishing, at_commit, execute, retries
from tests.support.scenarios import content, customer, events, line, product, stock
from tests.support.servers import PrivatePostgres, private_postgres
from tests.support.tcp_proxy import Fault, proxied

COMMITTING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def server() -> Iterator[PrivatePostgres]:
    folder = Path(tempfile.mkdtemp(prefix="order-desk-restart-"))
    folder.chmod(0o755)
    with private_postgres(folder) as postgres:
        yield postgres
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _write_there(
    server: PrivatePostgres, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> Iterator[None]:
    """Let `default` be the server's database; the tests' own one must stay alive."""
    settings = connection.settings_dict
    connection.close()
    with monkeypatch.context() as patch:
        password = server.cluster.state().password
        there = {"HOST": "127.0.0.1", "PORT": str(server.port), "NAME": DATABASES["default"]}
        for name, value in {**there, "USER": ADMINISTRATOR, "PASSWORD": password}.items():
            patch.setitem(settings, name, value)
        patch.setattr(django_settings, "DATABASE_OWNERS", {})  # they are of the other server
        call_command("migrate", verbosity=0)
        yield
        back(server)
        connection.close()
    connection.close()


def send(command, key=None, **payload):
    """Return the answer and why the command was retried."""
    with capture_logs() as logs:
        result = bus.send(command, payload, idempotency_key=key)
    return result, retries(logs)


_threads: list[Thread] = []


def in_background(function) -> None:
    _threads.append(thread := Thread(target=function, daemon=True))
    thread.start()


def restarting(server: PrivatePostgres) -> Callable[[], None]:
    """Return what kills the server, which then starts again while others go on."""

    def restart() -> None:
        server.kill()
        in_background(server.start)

    return restart


def back(server: PrivatePostgres) -> None:
    """See that the server runs, after the thread that is just starting it."""
    while _threads:
        _threads.pop().join(30)
    server.start()


class TestBeforeTheCommit:
    @pytest.mark.parametrize(
        "key", [None, "restarted"]
    )  # with one, a statement follows the restart
    def test_a_restart_leaves_one_effect(self, server: PrivatePostgres, key):
        lamp = product(5)
        payload = content(customer(), line(lamp, 2))

        def restart():
            server.stop()
            server.start()

        with after_publishing(restart) as seen:
            result, retries = send(CreateOrder, key, **payload)
        assert retries == ["AdminShutdown"]
        assert seen == [str(lamp), str(result.value.id)] * 2
        assert events(result.value.id) == [("orders.order_created", 1)]
        assert stock(lamp) == (5, 2, 2)

    def test_a_crash_leaves_one_effect(self, server: PrivatePostgres):
        lamp = product(5)
        payload = content(customer(), line(lamp, 2))

        def crash():
            server.kill()
            server.start()

        with after_publishing(crash):
            result, retries = send(CreateOrder, key="crashed", **payload)
        assert len(retries) == 1
        assert Order.objects.get(pk=result.value.id).state() == result.value
        assert stock(lamp) == (5, 2, 2)

    def test_a_server_that_stays_away_leaves_nothing(self, server: PrivatePostgres):
        lamp = product(5)
        with after_publishing(server.kill), pytest.raises(OperationalError):
            send(SetStock, "away", product_id=lamp, on_hand=9)
        with pytest.raises(OperationalError):
            send(SetStock, product_id=lamp, on_hand=9)
        server.start()
        assert stock(lamp) == (5, 0, 1)
        assert send(SetStock, product_id=lamp, on_hand=9)[0].value.version == 2


class TestDuringTheCommit:
    def test_a_crash_is_survived_and_the_command_done_once(self, server: PrivatePostgres):
        lamp = product(5)
        payload = content(customer(), line(lamp, 2))

        def crash():
            wait_for(lambda: execute(COMMITTING), 30)
            execute("CREATE TABLE flushed ()")  # with it all that was written so far, as the count
            connection.close()
            server.kill()
            server.start()

        with at_commit("PERFORM pg_sleep(60)"):
            with after_publishing(lambda: in_background(crash)) as seen:
                result, retries = send(CreateOrder, key="commit", **payload)
            execute("DROP TABLE flushed")
        assert len(retries) == 1
        assert seen == [str(lamp), str(result.value.id)] * 2
        assert events(result.value.id) == [("orders.order_created", 1)]
        assert stock(lamp) == (5, 2, 2)

    @pytest.mark.parametrize("key", [None, "after"])
    def test_a_crash_after_it_took_nothing_back(self, server, wire, key):
        wire.fault = Fault(reaches_server=True, then=restarting(server))
        lamp = uuid7()
        with after_publishing() as seen:
            result, retries = send(SetStock, key, product_id=lamp, on_hand=3)
        assert (isinstance(result, Ok), retries, seen) == (True, [], [str(lamp)])
        assert (stock(lamp), events(lamp)) == ((3, 0, 1), [("orders.stock_set", 1)])

    def test_a_crash_before_it_lets_the_command_be_done(self, server, wire):
        wire.fault = Fault(reaches_server=False, then=restarting(server))
        lamp = uuid7()
        with after_publishing() as seen:
            result, retries = send(SetStock, product_id=lamp, on_hand=3)
        assert (len(retries), seen) == (1, [str(lamp)] * 2)
        assert EventRecord.objects.get(stream_id=lamp).version == result.value.version == 1

    def test_a_server_that_stays_away_cannot_tell(self, server, wire, monkeypatch):
        monkeypatch.setattr(commit_outcome, "PATIENCE_S", 0.3)
        wire.fault = Fault(reaches_server=True, then=server.kill)
        payload = {"product_id": uuid7(), "on_hand": 3}
        with pytest.raises(OutcomeUnknown):
            send(SetStock, "unknown", **payload)
        server.start()
        again, _ = send(SetStock, "unknown", **payload)
        assert (again.value.version, again.replayed) == (1, True)

    @pytest.fixture
    def wire(self, server: PrivatePostgres, monkeypatch: pytest.MonkeyPatch):
        with proxied("127.0.0.1", server.port) as (proxy, port), monkeypatch.context() as patch:
            patch.setitem(connection.settings_dict, "PORT", str(port))
            connection.close()
            execute("SELECT 1")
            yield proxy
            back(server)
            connection.close()
