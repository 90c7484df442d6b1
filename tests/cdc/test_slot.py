"""What happens to the slot while no process reads it."""

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
WRITE = """
SELECT count(pg_logical_emit_message(false, 'noise', repeat('x', 1048576)))
FROM generate_series(1, %s)
"""
WRITTEN_MB = 1_024 if FULL_COUNTS else 128
ELSEWHERE_MB = 512 if FULL_COUNTS else 64


class TestSlot:
    def test_that_is_dropped_while_nothing_reads_it_costs_nothing(
        self, desk: Desk, capture: CaptureProcess
    ):
        capture.start()
        assert capture.stop() == 0
        desk.sql("default", DROP)
        place(desk, 100)
        assert not is_level(desk)
        capture.start()
        wait_for(lambda: is_level(desk), 30)
        assert_agree(desk)
        wait_for(lambda: capture.row()["scan_due"] is False)
        assert "there was no slot" in capture.log.read_text()

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
        wait_for(lambda: desk.sql("default", RETAINED)[0][0] < 32 * 2**20, 60)

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
