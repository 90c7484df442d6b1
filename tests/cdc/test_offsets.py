"""An offset that does not fit the slot: it is said, and mended."""

import pytest

from tests.support.capturing import CaptureProcess
from tests.support.desk import Desk, wait_for
from tests.support.placing import place
from tests.support.sides import assert_agree, is_level

AHEAD = """
UPDATE cqrs_projections_changeoffset SET offset_val =
    (offset_val::jsonb || '{"lsn": 9000000000000, "lsn_commit": 9000000000000}')::text
"""
BEHIND = "SELECT pg_replication_slot_advance('order_desk', pg_current_wal_lsn())"


class TestOffset:
    @pytest.mark.parametrize(
        ("alias", "change", "said"),
        [
            ("replica", AHEAD, "the offset is ahead of the server's WAL"),
            ("default", BEHIND, "the slot is ahead of the offset"),
        ],
    )
    def test_that_does_not_fit_is_forgotten_and_nothing_is_missed(
        self, desk: Desk, capture: CaptureProcess, alias: str, change: str, said: str
    ):
        capture.start()
        place(desk, 1)
        wait_for(lambda: is_level(desk), 30)
        capture.stop()
        place(desk, 5)
        desk.execute(alias, change)
        capture.start()
        wait_for(lambda: is_level(desk), 30)
        assert_agree(desk)
        assert said in capture.log.read_text()
        wait_for(lambda: capture.row()["scan_due"] is False)
