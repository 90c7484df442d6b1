"""What the reports have to say, added up by SQL over the write model; and what they do say."""

from typing import Any

import orjson
from django.db import connection

from cqrs.messaging import bus
from cqrs.messaging.messages import Query
from cqrs.messaging.results import Ok
from readmodels.queries import GetOrderHistory, GetProductSales, GetSalesReport

SALES = """
SELECT to_char(order_date AT TIME ZONE 'UTC', %s), currency, count(*),
       count(*) FILTER (WHERE status = 'cancelled'),
       coalesce(sum(total_amount) FILTER (WHERE status <> 'cancelled'), 0)
FROM orders_order GROUP BY 1, 2 ORDER BY 1, 2
"""
PRODUCTS = """
SELECT product_id::text, line.currency, sum(quantity), sum(line_total), count(DISTINCT order_id),
       (SELECT latest.product_name FROM cqrs_event AS event JOIN orders_orderline AS latest
        ON latest.order_id = event.stream_id
        WHERE event.type = 'orders.order_created' AND latest.product_id = line.product_id
              AND latest.currency = line.currency
        ORDER BY event.id DESC, latest.number DESC LIMIT 1)
FROM orders_orderline AS line JOIN orders_order ON orders_order.id = order_id
WHERE status <> 'cancelled' GROUP BY product_id, line.currency ORDER BY 1, 2
"""
EVENTS = """
SELECT stream_id, count(*), min(version), max(version) FROM cqrs_event WHERE stream_type = 'order'
GROUP BY 1
"""
PATTERNS = {"day": "YYYY-MM-DD", "month": "YYYY-MM"}
DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}


def assert_reports_agree() -> None:
    """See that every report, projected, equals the sums to the last digit."""
    for granularity, pattern in PATTERNS.items():
        expected = [
            {"period": period, "currency": currency, "order_count": count,
             "cancelled_count": cancelled, "revenue": _money(revenue, currency)}
            for period, currency, count, cancelled, revenue in _sql(SALES, pattern)
        ]  # fmt: skip
        assert _results(GetSalesReport, granularity=granularity) == expected
    products = _results(GetProductSales, page_size=100)
    assert sorted(products, key=lambda each: (each["product_id"], each["currency"])) == [
        {"product_id": key, "product_name": name, "currency": currency, "quantity": int(quantity),
         "revenue": _money(revenue, currency), "order_count": count}
        for key, currency, quantity, revenue, count, name in _sql(PRODUCTS)
    ]  # fmt: skip
    for key, count, first, last in _sql(EVENTS):
        versions = [event["version"] for event in _results(GetOrderHistory, order_id=key)]
        assert (versions, first) == (list(range(1, last + 1)), 1)
        assert len(versions) == count


def _results(query: type[Query], **payload: Any) -> list[dict[str, Any]]:
    result = bus.ask(query, payload)
    assert isinstance(result, Ok), result
    return [orjson.loads(document) for document in result.value.documents]


def _sql(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall()


def _money(amount: Any, currency: str) -> str:
    return f"{amount:.{DIGITS[currency]}f}"
