"""Columns that are added, renamed and changed."""

from collections.abc import Iterator

import pytest

from tests.support.capturing import CaptureProcess, alone
from tests.support.desk import Desk, wait_for
from tests.support.placing import place
from tests.support.sides import assert_agree, is_level

CHANGES = (
    "ALTER TABLE customers_customer ADD COLUMN extra integer",
    "ALTER TABLE customers_customer RENAME COLUMN extra TO other",
    "ALTER TABLE customers_customer ALTER COLUMN other TYPE text",
)


@pytest.fixture(autouse=True)
def _dropped(desk: Desk) -> Iterator[None]:
    yield
    alone(desk, "ALTER TABLE customers_customer DROP COLUMN IF EXISTS other")


class TestColumns:
    def test_change_while_it_runs(self, desk: Desk, capture: CaptureProcess):
        capture.start()
        for change in CHANGES:
            alone(desk, change)
            assert_captures_rows(desk, capture)

    def test_change_while_it_is_stopped(self, desk: Desk, capture: CaptureProcess):
        capture.start()
        capture.stop()
        missed = capture.log.read_text().count("changes_may_be_missed")
        for change in CHANGES:
            alone(desk, change)
            place(desk, 1)
        capture.start()
        assert_captures_rows(desk, capture)
        assert capture.log.read_text().count("changes_may_be_missed") == missed


def assert_captures_rows(desk: Desk, capture: CaptureProcess) -> None:
    before = capture.row()["changes"]
    place(desk, 1)
    wait_for(lambda: is_level(desk), 30)
    assert_agree(desk)
    wait_for(lambda: capture.row()["changes"] >= before + 4, 30)  # customer, order, line, events
    assert capture.row()["state"] == "running"
