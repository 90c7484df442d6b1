"""Comparing the two databases of a desk by plain SQL, past everything that is under test."""

from typing import Any

from tests.support.desk import Desk

Rows = dict[str, tuple[Any, ...]]

WRITTEN_ORDERS = (
    "SELECT id::text, customer_id, status, currency, total_amount, version FROM orders_order"
)
READ_ORDERS = (
    "SELECT id::text, customer_id, status, currency, total_amount, version FROM read_orders"
)
WRITTEN_CUSTOMERS = """
SELECT customer.id::text, name, email, is_active, customer.version,
       (SELECT count(*) FROM orders_order WHERE customer_id = customer.id)
FROM customers_customer AS customer
"""
READ_CUSTOMERS = """
SELECT id::text, name, email, is_active, version, order_count FROM read_customers
"""
WRITTEN_MONEY = """
SELECT customer_id::text, currency, sum(total_amount) FROM orders_order
WHERE status <> 'cancelled' GROUP BY 1, 2 HAVING sum(total_amount) <> 0 ORDER BY 1, 2
"""
READ_MONEY = """
SELECT id::text, total.key, total.value::numeric
FROM read_customers, jsonb_each_text(totals) AS total ORDER BY 1, 2
"""
EVENTS = "SELECT count(*) FROM cqrs_event"
FEED = """
SELECT count(*), count(DISTINCT event_id), coalesce(max(position), 0),
       (SELECT count(*) FROM cqrs_pending), (SELECT position FROM cqrs_feedhead)
FROM cqrs_feed
"""
CHECKPOINTS = "SELECT consumer, min(position) FROM cqrs_projections_checkpoint GROUP BY 1"


def is_level(desk: Desk) -> bool:
    """Say whether every event has a position and every projection has passed it."""
    events = desk.sql("default", EVENTS)[0][0]
    positions = dict(desk.sql("replica", CHECKPOINTS))
    return bool(positions) and all(position == events for position in positions.values())


def assert_agree(desk: Desk) -> None:
    """See that nothing is missing on the read side, nothing doubled, and the money right."""
    events = desk.sql("default", EVENTS)[0][0]
    assert desk.sql("default", FEED) == [(events, events, events, 0, events)]
    assert _by_id(desk, "replica", READ_ORDERS) == _by_id(desk, "default", WRITTEN_ORDERS)
    assert _by_id(desk, "replica", READ_CUSTOMERS) == _by_id(desk, "default", WRITTEN_CUSTOMERS)
    assert desk.sql("replica", READ_MONEY) == desk.sql("default", WRITTEN_MONEY)


def _by_id(desk: Desk, alias: str, statement: str) -> Rows:
    rows = desk.sql(alias, statement)
    found = {str(row[0]): row[1:] for row in rows}
    assert len(found) == len(rows)
    return found
