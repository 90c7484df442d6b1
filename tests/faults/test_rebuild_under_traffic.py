"""Rebuilding, swapping and rolling back while others write, read, hang about and kill."""

import random
import time
from typing import Any

import psycopg
import pytest

from cqrs.projections.models import ProjectionCheckpoint
from tests.faults.traffic import Traffic, manage, managed, projecting, url
from tests.support.built import nothing_is_left, projections
from tests.support.desk import FULL_COUNTS, wait_for
from tests.support.scenarios import order

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
    pytest.mark.timeout(1_800 if FULL_COUNTS else 600),
]
SWAPS = 10 if FULL_COUNTS else 1
KILLS = 20 if FULL_COUNTS else 2
LIVES_S = 0.4  # from its beginning on, the start of Python left out
READS = 60  # while a swap waits for its lock
BUSY = "by another process"


def head_of(consumer: str) -> int:
    rows = ProjectionCheckpoint.objects.filter(consumer=consumer)
    return min(rows.values_list("position", flat=True), default=0)


def serving() -> Any:
    with psycopg.connect(url("replica")) as connection:
        return connection.execute("SELECT 'public.read_orders'::regclass::oid").fetchone()[0]


def is_rebuilding() -> bool:
    """Say whether a process holds the lock of rebuilds."""
    query = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
    with psycopg.connect(url("replica")) as connection:
        return bool(connection.execute(query).rowcount)


def roll_back() -> None:
    projections("rebuild", "orders", "--rollback")


def rebuilt() -> None:
    """Run a rebuild to its end; a killed one may still hold the lock for a moment."""
    deadline = time.monotonic() + 30
    while True:
        code, said = managed("projections", "rebuild", "orders")
        if code and BUSY in said and time.monotonic() < deadline:
            continue
        assert code == 0, said
        return


def assert_equal_to_the_log() -> None:
    projections("run", "orders", "--until-caught-up")
    assert "Everything agrees" in projections("verify", "orders")


class TestUnderTraffic:
    def test_no_reader_sees_an_error_a_gap_or_a_mixture(self) -> None:
        for _ in range(50):
            order(status="confirmed")
        with projecting(), Traffic() as traffic:
            wait_for(lambda: head_of("orders") > 0)
            traffic.read_plainly()
            traffic.read_with_the_orm()
            traffic.write()
            tables = {serving()}
            for _ in range(SWAPS):
                for swap in (rebuilt, roll_back, roll_back):
                    before = head_of("orders")
                    swap()
                    wait_for(lambda before=before: head_of("orders") > before)
                    tables.add(serving())
            assert len(tables) == 1 + SWAPS
            assert traffic.reads > 20 * SWAPS
            assert len(traffic.placed) > 5 * SWAPS
        assert_equal_to_the_log()

    def test_waits_for_a_reader_in_its_transaction_and_lets_other_readers_go_on(self) -> None:
        for _ in range(20):
            order()
        projections("run", "orders", "--until-caught-up")
        rebuilt()
        with Traffic() as traffic, psycopg.connect(url("replica")) as holder:
            holder.execute("SELECT count(*) FROM read_orders")
            old = serving()
            traffic.read_plainly()
            traffic.read_with_the_orm()
            process = manage("projections", "rebuild", "orders", "--rollback")
            wait_for(is_rebuilding)
            before = traffic.reads
            wait_for(lambda: traffic.reads >= before + READS)
            assert process.poll() is None
            assert serving() == old
            holder.commit()
            said, _ = process.communicate(timeout=60)
            assert process.returncode == 0, said
            assert serving() != old


class TestKilled:
    def test_goes_on_and_ends_equal_and_stops_no_worker_meanwhile(self) -> None:
        for _ in range(50):
            order(status="confirmed")
        rng, killed = random.Random(11), 0
        projections("run", "orders", "--until-caught-up")
        with projecting(), Traffic() as traffic:
            traffic.read_plainly()
            traffic.write()
            while killed < KILLS:
                before = head_of("orders")
                process = manage("projections", "rebuild", "orders")
                wait_for(lambda process=process: is_rebuilding() or process.poll() is not None)
                time.sleep(rng.uniform(0, LIVES_S))
                killed += process.poll() is None
                process.kill()
                process.communicate(timeout=60)
                wait_for(lambda before=before: head_of("orders") > before)
            rebuilt()
        assert_equal_to_the_log()
