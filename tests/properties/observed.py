"""What the two databases hold, in the shape of the model's state."""

from decimal import Decimal
from typing import Any

import orjson
from django.db import connections

from cqrs.event_log import sequencer
from cqrs.models import EventRecord, Feed
from cqrs.projections.registry import runner
from customers.models import Customer
from orders.models import Order, OrderLine, StockItem
from readmodels.models import CustomerReadModel, OrderReadModel, StockReadModel
from readmodels.projections import PROJECTIONS
from tests.properties.desk_model import State
from tests.support import cached_answers
from tests.support.report_sums import assert_reports_agree

EMPTY = {
    "default": "TRUNCATE cqrs_event, cqrs_pending, cqrs_feed, cqrs_idempotency,"
    " cqrs_reactionwork, customers_customerprofile,"
    " customers_customer, orders_orderline, orders_order, orders_stockitem RESTART IDENTITY;"
    " UPDATE cqrs_feedhead SET position = 0; UPDATE cqrs_reactioncheckpoint SET position = 0",
    "replica": "TRUNCATE read_orders, read_customers, read_stock, read_order_customers,"
    " read_sales_days, read_product_sales, read_product_names, read_order_history,"
    " read_order_search, read_customer_search, read_stock_search,"
    " read_customer_orders, read_customer_order_dates, cqrs_projections_tombstone,"
    " cqrs_projections_checkpoint",
}


def empty_both_sides() -> None:
    for alias, sql in EMPTY.items():
        with connections[alias].cursor() as cursor:
            cursor.execute(sql)
    cached_answers.forget()


def write_side() -> State:
    names = ("name", "email", "is_active", "version")
    amounts = ("on_hand", "reserved", "name", "version")
    return State(
        customers={str(row.pk): _take(row, names) for row in Customer.objects.all()},
        orders={str(row.pk): _order(row) for row in Order.objects.all()},
        stock={str(row.pk): _take(row, amounts) for row in StockItem.objects.all()},
        events=EventRecord.objects.count(),
    )


def order_state(answer: Any) -> dict[str, Any]:
    """Return what an answer says of an order, without what only the table knows."""
    return {"customer": str(answer.customer_id), "status": str(answer.status),
            "currency": answer.currency, "total": str(answer.total_amount),
            "version": answer.version}  # fmt: skip


def _order(row: Order) -> dict[str, Any]:
    held: dict[str, int] = {}
    for line in OrderLine.objects.filter(order=row, reserved_quantity__gt=0):
        key = str(line.product_id)
        held[key] = held.get(key, 0) + line.reserved_quantity
    return {**order_state(row.state()), "held": held}


def _take(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def check_read_side(state: State) -> None:
    """Project everything and see that the read models say what the model says."""
    sequencer.sequence()
    assert Feed.objects.count() == sequencer.head() == state.events
    for projection in PROJECTIONS:
        runner.drain(projection)
    orders = _documents(OrderReadModel)
    assert {key: _read_order(each) for key, each in orders.items()} == {
        key: {**{name: order[name] for name in order if name != "held"},
              "name": state.customers[order["customer"]]["name"],
              "email": state.customers[order["customer"]]["email"]}
        for key, order in state.orders.items()
    }  # fmt: skip
    assert _documents(StockReadModel) == {
        key: {**item, "product_id": key, "sku": "", "available": item["on_hand"] - item["reserved"]}
        for key, item in state.stock.items()
    }
    _check_customers(state)
    assert_reports_agree()


def _check_customers(state: State) -> None:
    found = _documents(CustomerReadModel)
    assert found.keys() == state.customers.keys()
    for key, customer in state.customers.items():
        mine = [order for order in state.orders.values() if order["customer"] == key]
        statuses = [order["status"] for order in mine]
        totals: dict[str, Decimal] = {}
        for order in mine:
            if order["status"] != "cancelled":
                before = totals.get(order["currency"], Decimal(0))
                totals[order["currency"]] = before + Decimal(order["total"])
        document = found[key]
        assert {name: document[name] for name in customer} == customer
        assert document["order_count"] == len(mine)
        assert document["open_order_count"] == sum(s in ("pending", "confirmed") for s in statuses)
        assert document["cancelled_count"] == statuses.count("cancelled")
        paid = {each["currency"]: Decimal(each["amount"]) for each in document["totals"]}
        assert paid == {currency: total for currency, total in totals.items() if total}


def _documents(model: Any) -> dict[str, Any]:
    rows = model.objects.values_list("pk", "document")
    return {str(key): orjson.loads(document) for key, document in rows}


def _read_order(document: dict[str, Any]) -> dict[str, Any]:
    return {
        "customer": document["customer_id"],
        "status": document["status"],
        "currency": document["currency"],
        "total": document["total_amount"],
        "version": document["version"],
        "name": document["customer_name"],
        "email": document["customer_email"],
    }
