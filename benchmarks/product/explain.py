"""Print, for each hot query, the plan of every statement that it executes."""

import json
import os
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.product.settings_without_caching"
django.setup()

from django.db import connections  # noqa: E402

from cqrs.database.aliases import READ_ALIAS  # noqa: E402
from cqrs.database.cursors import server_cursor  # noqa: E402
from cqrs.messaging import bus  # noqa: E402
from cqrs.messaging.context import system_context, use_context  # noqa: E402
from cqrs.messaging.messages import Query  # noqa: E402
from cqrs.messaging.results import Ok, Result  # noqa: E402
from cqrs.queries.cursors import Cursor, read  # noqa: E402
from cqrs.queries.paging import ListQuery  # noqa: E402
from readmodels.models import OrderReadModel  # noqa: E402
from readmodels.queries import (  # noqa: E402
    GetCustomerById,
    GetOrderById,
    GetOrdersByCustomer,
    ListCustomers,
    ListOrders,
)

RUNS = 5


def hot_queries() -> Iterator[tuple[str, Query]]:
    """Yield the queries with what the documentation calls them."""
    order = OrderReadModel.objects.order_by("id").only("id", "customer_id", "order_date")[1000]
    mine, day = order.customer_id, order.order_date.date().isoformat()
    delivered: Any = ("delivered",)
    yield "order by id", GetOrderById(order_id=order.id)
    yield "customer by id", GetCustomerById(customer_id=mine)
    yield "a customer's orders", GetOrdersByCustomer(customer_id=mine)
    yield "the same in one status", GetOrdersByCustomer(customer_id=mine, status=delivered)
    yield "all orders, first page", ListOrders()
    yield "orders in one status", ListOrders(status=("pending",))
    yield "orders of a day", ListOrders.model_validate({"from_date": day, "to_date": day})
    yield "orders with a part of an id", ListOrders(search=str(order.id)[-12:])
    for column in ("order_date", "total_amount", "customer_name", "status"):
        yield f"last page by cursor, by `{column}`", last_page(ListOrders, column)
    yield "customers, first page", ListCustomers()
    for column in ("registered_at", "name", "order_count", "last_order_at"):
        yield f"customers, last page by cursor, by `{column}`", last_page(ListCustomers, column)


def last_page(query_type: type[ListQuery], column: str) -> ListQuery:
    """Return the question that a client arrives at who follows the links to the end."""
    scope = query_type(ordering=column).scope
    end = Cursor(column, backward=True, scope=scope)
    page = answer(query_type(ordering=column, cursor=end, page_size=11)).value
    key = read(page.previous, query_type.model).key
    return query_type(ordering=column, cursor=Cursor(column, key=key, scope=scope))


def answer(query: Query) -> Ok[Any]:
    with use_context(system_context()):
        result: Result[Any] = bus.ask(type(query), query)
    assert isinstance(result, Ok), result
    return result


def statements(query: Query) -> list[tuple[str, Any]]:
    """Return what the query executes, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        seen.append((str(sql), params))
        return execute(sql, params, many, context)

    with connections[READ_ALIAS].execute_wrapper(note):
        answer(query)
    return seen


def plans(sql: str, params: Any) -> Iterator[dict[str, Any]]:
    """Yield how one statement reaches its rows, and the count that is a part of it.

    The time is the median of several runs.
    """
    found = [_explain(sql, params) for _ in range(RUNS)]
    counts = [_count(one["Plan"]) for one in found]
    counting = [count["Actual Total Time"] if count else 0.0 for count in counts]
    whole = [one["Execution Time"] for one in found]
    rest = [ms - count_ms for ms, count_ms in zip(whole, counting, strict=True)]
    yield {"sql": sql, **_scan(found[0]["Plan"]), "ms": median(rest)}
    if counts[0]:
        yield {"sql": sql, **_scan(counts[0]), "ms": median(counting)}


def _scan(part: Mapping[str, Any]) -> dict[str, str]:
    scan = next(node for node in _nodes(part) if "Index Name" in node)
    backward = " Backward" if scan.get("Scan Direction") == "Backward" else ""
    return {
        "index": scan["Index Name"],
        "plan": scan["Node Type"] + backward,
        "condition": scan.get("Index Cond", ""),
    }


def _count(node: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((child for child in node.get("Plans", ()) if _is_apart(child)), None)


def _is_apart(node: Mapping[str, Any]) -> bool:
    return bool(node["Parent Relationship"] == "InitPlan")


def _explain(sql: str, params: Any) -> dict[str, Any]:
    with server_cursor(READ_ALIAS) as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        found: dict[str, Any] = cursor.fetchone()[0][0]
    return found


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        if not _is_apart(child):
            yield from _nodes(child)


if __name__ == "__main__":
    rows = [
        {"query": name if number == 0 else "its count", **plan}
        for name, query in hot_queries()
        for number, plan in enumerate(
            plan for statement in statements(query) for plan in plans(*statement)
        )
    ]
    print(json.dumps({"rows": rows}))
