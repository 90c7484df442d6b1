"""One statement that changes many rows, while orders go on."""

import sys
import time
from collections.abc import Iterator

import pytest

from tests.cdc.adopted import assert_verified, outside, wait_until_all_is_read, wait_until_looked_at
from tests.support.capturing import CaptureProcess
from tests.support.desk import FULL_COUNTS, Desk, served_desk, wait_for
from tests.support.placing import placing
from tests.support.sides import assert_agree

ROWS = 200_000 if FULL_COUNTS else 2_000
LIMIT_S = 1_800 if FULL_COUNTS else 120
INSERT = """
INSERT INTO customers_customer (id, version, name, email, is_active, registered_at)
SELECT gen_random_uuid(), 1, 'Bulk ' || number, number || '@bulk.example.com', true, now()
FROM generate_series(1, %s) AS number RETURNING 1
"""
UPDATE = "UPDATE customers_customer SET name = name || ' Outside' RETURNING 1"
BY_CUSTOMER = """
SELECT changes, count(*) FROM (
    SELECT count(event.id) AS changes FROM customers_customer AS customer
    LEFT JOIN cqrs_event AS event
        ON event.stream_id = customer.id AND event.metadata ->> 'origin' = 'outside'
    WHERE customer.name LIKE %s GROUP BY customer.id
) AS found GROUP BY 1
"""


@pytest.fixture(scope="module")
def any_desk(any_desk: Desk) -> Iterator[Desk]:
    """Return a desk of its own for so many rows that they make the others' comparisons slow."""
    if not FULL_COUNTS:
        yield any_desk
        return
    with served_desk(CDC_HEARTBEAT_S="1") as desk:
        yield desk


def changed(desk: Desk, statement: str, *parameters: int) -> int:
    """Run the statement of another program; return how many rows it has changed."""
    return len(desk.sql("default", statement, *parameters))


class TestBulk:
    @pytest.mark.timeout(7_200 if FULL_COUNTS else 400)
    def test_update_is_adopted_row_by_row_while_orders_go_on(
        self, desk: Desk, capture: CaptureProcess, capfd: pytest.CaptureFixture[str]
    ):
        capture.start()
        before = outside(desk)
        assert changed(desk, INSERT, ROWS) == ROWS
        wait_until_all_is_read(desk, LIMIT_S)
        assert outside(desk) == before + ROWS
        with placing(desk) as orders:
            wait_for(lambda: orders.placed, 60)
            started, placed = time.monotonic(), len(orders.placed)
            rows = changed(desk, UPDATE)
            wait_until_looked_at(desk, LIMIT_S)
            took_s = time.monotonic() - started
            placed = len(orders.placed) - placed
        with capfd.disabled():
            sys.stderr.write(f" [{rows / took_s:,.0f} rows/s adopted, {placed} orders meanwhile] ")
        assert placed
        wait_until_all_is_read(desk, LIMIT_S)
        assert outside(desk) == before + ROWS + rows
        assert dict(desk.sql("default", BY_CUSTOMER, "Bulk %")) == {2: ROWS}
        assert_agree(desk)
        assert_verified(desk)
