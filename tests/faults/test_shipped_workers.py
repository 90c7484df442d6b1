"""What `make workers` starts is started again however it ends, and ends as a whole."""

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import httpx
import psutil
import pytest

from cqrs.messaging.ids import uuid7
from cqrs.operations.exporter import PORTS
from tests.faults.conftest import OutageDesk
from tests.faults.shipped_workers import PROGRAMS, START_S, ShippedWorkers
from tests.support.desk import FULL_COUNTS, Desk, order_body, registered, wait_for
from tests.support.sides import CHECKPOINTS, EVENTS, assert_agree, is_level

KILLS = 10 if FULL_COUNTS else 1
CLIENTS = 4
PATIENCE_S = 60.0
PROFILES = "SELECT customer_id::text FROM customers_customerprofile"

pytestmark = pytest.mark.timeout(1200 if FULL_COUNTS else 300)


@pytest.fixture(scope="module")
def any_desk(any_outage_desk: OutageDesk) -> Desk:
    """Serve without workers of its own."""
    any_outage_desk.heal(WORKER="0")
    return any_outage_desk.desk


@pytest.fixture
def desk(any_desk: Desk) -> Desk:
    return any_desk


@pytest.fixture(scope="module")
def started() -> Iterator[list[ShippedWorkers]]:
    found: list[ShippedWorkers] = []
    yield found
    for each in found:
        each.kill()


@pytest.fixture
def workers(desk: Desk, started: list[ShippedWorkers]) -> ShippedWorkers:
    """Return those that an earlier test has left running, or start some."""
    if not started or started[-1].process.poll() is not None:
        started.append(ShippedWorkers(desk))
    for program in PROGRAMS:
        started[-1].running(program)
    return started[-1]


@contextmanager
def load(desk: Desk) -> Iterator[list[str]]:
    """Register customers and place orders with several clients; yield the customers so far."""
    customers: list[str] = []
    is_over = Event()

    def write() -> None:
        with desk.client() as client:
            while not is_over.is_set():
                customers.append(registered(client, f"{uuid7()}@example.com"))
                placed = client.post("/api/orders", json=order_body(customers[-1]))
                assert placed.status_code == 201, placed.text

    with ThreadPoolExecutor(CLIENTS) as threads:
        writing = [threads.submit(write) for _ in range(CLIENTS)]
        try:
            yield customers
        finally:
            is_over.set()
    for each in writing:
        each.result()


def is_visible(desk: Desk, position: int) -> bool:
    """Say whether every projection has passed so many events."""
    positions = dict(desk.sql("replica", CHECKPOINTS))
    return bool(positions) and all(each >= position for each in positions.values())


def events(desk: Desk) -> int:
    return int(desk.sql("default", EVENTS)[0][0])


def assert_all_is_done(desk: Desk, customers: Sequence[str]) -> None:
    """Wait until everything is visible, and the reaction has run for each of the customers."""
    wait_for(lambda: is_level(desk), PATIENCE_S)
    wait_for(
        lambda: {(key,) for key in customers} <= set(desk.sql("default", PROFILES)), PATIENCE_S
    )
    assert_agree(desk)


def assert_it_works(desk: Desk) -> None:
    with desk.client() as client:
        customer = registered(client, f"{uuid7()}@example.com")
    assert_all_is_done(desk, [customer])


def signs(desk: Desk) -> tuple[set[str], bool, set[str]]:
    """Return the queues with workers, whether beat is there, and the queues that are swept."""
    found = httpx.get(f"{desk.url}/health/ready", timeout=10).json()
    is_there = found["beat"] is not None
    return set(found["workers"]), is_there, set(found["sweep"])


def serves_metrics(port: int) -> bool:
    try:
        return "cqrs_messages_total" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
    except httpx.TransportError:
        return False


class TestSignsOfLife:
    def test_come_of_workers_beat_and_sweeps(self, desk: Desk, workers: ShippedWorkers) -> None:
        queues = {"projections", "reactions"}
        wait_for(lambda: signs(desk) == (queues, True, queues), PATIENCE_S)

    def test_come_with_metrics_on_a_port_each(self, workers: ShippedWorkers) -> None:
        ports = range(workers.metrics_port, workers.metrics_port + PORTS)
        wait_for(lambda: sum(map(serves_metrics, ports)) == len(PROGRAMS), PATIENCE_S)


class TestKilledRedis:
    def test_under_load_loses_no_event_and_no_reaction(
        self, any_outage_desk: OutageDesk, desk: Desk, workers: ShippedWorkers
    ) -> None:
        redis = any_outage_desk.redis
        with load(desk) as customers:
            for _ in range(KILLS):
                self.write_more(desk)
                redis.kill()
                self.write_more(desk)
                redis.start()
                written = events(desk)
                wait_for(lambda written=written: is_visible(desk, written), PATIENCE_S)
        assert_all_is_done(desk, customers)
        assert all(workers.running(program) for program in PROGRAMS)
        assert "Unrecoverable error" not in workers.log.read_text()  # no worker has to be replaced

    def write_more(self, desk: Desk) -> None:
        before = events(desk)
        wait_for(lambda: events(desk) > before + 20, PATIENCE_S)


class TestEndedProcess:
    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
    def test_is_started_again_whatever_its_exit_code_was(
        self, desk: Desk, workers: ShippedWorkers, number: signal.Signals
    ) -> None:
        for program in PROGRAMS:
            old = workers.running(program)
            pool = old.children()
            old.send_signal(number)
            assert workers.replaced(program, old) != old
            assert psutil.wait_procs(pool, START_S)[1] == []
        assert_it_works(desk)

    def test_of_a_pool_is_replaced_by_its_worker(self, desk: Desk, workers: ShippedWorkers) -> None:
        assert_it_works(desk)
        main = workers.running("projections")
        pool = main.children()
        for child in pool:
            child.kill()
        psutil.wait_procs(pool, START_S)
        assert set(workers.children("projections", len(pool))).isdisjoint(pool)
        assert_it_works(desk)
        assert workers.running("projections") == main


class TestSupervisor:
    def test_stops_everything_on_sigterm(self, desk: Desk, workers: ShippedWorkers) -> None:
        assert_it_works(desk)
        wait_for(lambda: "beat_started" in workers.log.read_text().rpartition("'beat' with pid")[2])
        found = workers.processes()
        workers.terminate()
        assert psutil.wait_procs(found, START_S)[1] == []
        for program in PROGRAMS:
            assert f"stopped: {program} (exit status 0)" in workers.log.read_text()

    def test_takes_everything_along_when_it_is_killed(self, workers: ShippedWorkers) -> None:
        workers.children("projections", 1)
        found = workers.processes()
        workers.supervisor.kill()
        assert psutil.wait_procs(found, START_S)[1] == []
