"""What happens to the slot while no process reads it."""

from collections.abc import Iterator

from tests.support.capturing import CaptureProcess, alone
from tests.support.desk import FULL_COUNTS, Desk, wait_for
from tests.support.placing import place
from tests.support.sides import assert_agree, is_level

DROP = "SELECT pg_drop_replication_slot('order_desk')"
SLOT = "SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'order_desk'"
RETAINED = """
SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint FROM pg_replication_slots
WHERE slot_name = 'order_desk'
"""
WAL_END = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
WRITE = """
SELECT count(pg_logical_emit_message(false, 'noise', repeat('x', 1048576)))
FROM generate_series(1, %s)
"""
WRITTEN_MB = 1_024 if FULL_COUNTS else 128
ELSEWHERE_MB = 512 if FULL_COUNTS else 64
REBUILDS = 20 if FULL_COUNTS else 3
NO_SLOT = "there was no slot"
FLAT = 256 * 2**10  # some seconds of heartbeats write less, a rebuild writes more


def retained(desk: Desk) -> int:
    """Return how many bytes of WAL the server keeps for the slot."""
    return int(desk.sql("default", RETAINED)[0][0])


def wal_end(desk: Desk) -> int:
    return int(desk.sql("default", WAL_END)[0][0])


def wait_until_flat(desk: Desk) -> None:
    """Return when the slot holds no more than a few heartbeats."""
    alone(desk, "CHECKPOINT")  # notes where the server stands, which it also does every 15 s
    wait_for(lambda: retained(desk) < FLAT, 60)


def retained_while_rebuilding(desk: Desk) -> Iterator[int]:
    """Rebuild a projection; yield what the slot holds meanwhile."""
    rebuilding = desk.manage("projections", "rebuild", "orders")
    while rebuilding.poll() is None:
        yield retained(desk)
    said, failed = rebuilding.communicate()
    assert rebuilding.returncode == 0, said + failed


class TestSlot:
    def test_that_is_dropped_while_nothing_reads_it_costs_nothing(
        self, desk: Desk, capture: CaptureProcess
    ):
        capture.start()
        assert capture.stop() == 0
        said = capture.log.read_text().count(NO_SLOT)
        desk.sql("default", DROP)
        place(desk, 100)
        assert not is_level(desk)
        capture.start()
        wait_for(lambda: is_level(desk), 30)
        assert_agree(desk)
        wait_for(lambda: capture.row()["scan_due"] is False)
        assert capture.log.read_text().count(NO_SLOT) == said + 1

    def test_holds_no_more_wal_than_its_bound_and_is_made_anew(
        self, desk: Desk, capture: CaptureProcess
    ):
        capture.start()
        capture.stop()
        alone(desk, "ALTER SYSTEM SET max_slot_wal_keep_size = '32MB'")
        desk.sql("default", "SELECT pg_reload_conf()")
        try:
            desk.sql("default", WRITE, WRITTEN_MB)
            alone(desk, "CHECKPOINT")
            assert desk.sql("default", SLOT) == [("lost",)]
            assert desk.run("cdc", "status")[0] == 1
            place(desk, 3)
            capture.start()
            wait_for(lambda: is_level(desk), 30)
            assert_agree(desk)
            assert desk.run("cdc", "status")[0] == 0
        finally:
            alone(desk, "ALTER SYSTEM RESET max_slot_wal_keep_size")
            desk.sql("default", "SELECT pg_reload_conf()")

    def test_moves_on_while_only_the_other_database_is_written(
        self, desk: Desk, capture: CaptureProcess
    ):
        capture.start()
        desk.sql("replica", WRITE, ELSEWHERE_MB)
        wait_for(lambda: retained(desk) < 32 * 2**20, 60)

    def test_holds_no_more_while_a_projection_is_rebuilt_and_nothing_is_written(
        self, desk: Desk, capture: CaptureProcess
    ):
        capture.start()
        wait_for(lambda: capture.row()["scan_due"] is False, 60)
        for _ in range(REBUILDS):
            wait_until_flat(desk)
            begun = wal_end(desk)
            for size in retained_while_rebuilding(desk):
                assert size < wal_end(desk) - begun + FLAT
        wait_until_flat(desk)

    def test_is_named_as_long_as_no_process_reads_it(self, desk: Desk, capture: CaptureProcess):
        capture.start()
        capture.stop()
        code, said, failed = desk.run("cdc", "status")
        assert code == 1
        assert "slot order_desk: read by no process" in said
        assert "no process reads the slot order_desk" in failed
        code, said, failed = desk.run("projections", "status")
        assert code == 1
        assert "slot order_desk: read by no process" in said

    def test_is_dropped_with_its_publication(self, desk: Desk, capture: CaptureProcess):
        capture.start()
        code, _, failed = desk.run("cdc", "drop")
        assert code == 1
        assert "is active" in failed
        capture.stop()
        assert desk.run("cdc", "drop")[:2] == (0, "Dropped\n")
        assert desk.sql("default", "SELECT FROM pg_replication_slots") == []
        assert desk.sql("default", "SELECT FROM pg_publication") == []
        assert desk.sql("replica", "SELECT FROM cqrs_projections_changeoffset") == []
        code, said, _ = desk.run("cdc", "status")
        assert (code, said) == (0, "change data capture: off\n")
