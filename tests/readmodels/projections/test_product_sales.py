from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import Any

import orjson
import pytest

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.rows import MissingRow
from readmodels.models import ProductName, ProductSalesReadModel
from readmodels.projections.product_sales import ProductSales
from tests.support.expected import sums
from tests.support.log import Log
from tests.support.projection_contract import DeskProjectionContract
from tests.support.snapshots import last_snapshots
from tests.support.step_details import PRODUCTS

READ = pytest.mark.django_db(databases=["default", "replica"])
LAMP, PEN, _ = PRODUCTS


def fold(events: Sequence[RecordedEvent]) -> dict[str, Any]:
    """Sum up the lines of the orders as they are in the end, without the cancelled ones."""
    found: dict[str, Any] = {}
    for key, order in last_snapshots(events, "order").items():
        for line in order.items if order.status != "cancelled" else ():
            row = found.setdefault(f"{line.product_id} {line.currency}", {
                "product_id": str(line.product_id), "currency": line.currency,
                "quantity": 0, "revenue": Decimal(0), "orders": set(),
            })  # fmt: skip
            row["quantity"] += line.quantity
            row["orders"].add(key)
            with localcontext(prec=60):
                row["revenue"] += line.line_total
    names = _names(events)
    for key, row in found.items():
        row["order_count"], row["product_name"] = len(row.pop("orders")), names[key]
    return found


def _names(events: Sequence[RecordedEvent]) -> dict[str, str]:
    """Return the names of the orders placed last, and of lines that were named differently."""
    found: dict[str, str] = {}
    for event in events:
        if event.type == "orders.order_created":
            found |= _names_in(event.data)
        if event.type == "orders.order_changed_outside":
            before, after = (_names_in(event.data[side] or {}) for side in ("before", "after"))
            found |= dict(after.items() - before.items())
    return found


def _names_in(order: dict[str, Any]) -> dict[str, str]:
    return {
        f"{line['product_id']} {line['currency']}": line["product_name"]
        for line in order.get("items", ())
    }


class TestProductSales(DeskProjectionContract):
    projection = ProductSales()
    models = (ProductSalesReadModel, ProductName)
    fold = staticmethod(fold)

    def observed(self) -> dict[str, Any]:
        """Leave out the products that no order is left of, which are zeros."""
        found = sums(ProductSalesReadModel)
        for row in found.values():
            assert row["order_count"] or not (row["quantity"] or row["revenue"])
        return {key: row for key, row in found.items() if row["order_count"]}

    def row(self, key: str) -> tuple[Any, ...]:
        """Return name, quantity, revenue and number of orders of a product."""
        row = ProductSalesReadModel.objects.get(pk=key)
        return (row.product_name, row.quantity, str(row.revenue), row.order_count)

    @READ
    def test_writes_the_document_and_its_columns(self, log: Log) -> None:
        customer = log.customer()
        log.order(customer, lines=[(LAMP, "Lamp", 2, "20.10"), (LAMP, "Lamp L", 1, "9.90")])
        log.order(customer, lines=[(LAMP, "Lämp", 1, "10.00"), (PEN, "Pen", 5, "4.00")])
        log.order(customer, currency="JPY", lines=[(LAMP, "Lamp", 1, "1500")])
        self.apply(log.sequenced())
        row = ProductSalesReadModel.objects.get(pk=f"{LAMP} USD")
        assert list(orjson.loads(row.document).items()) == [
            ("product_id", str(LAMP)),
            ("product_name", "Lämp"),
            ("currency", "USD"),
            ("quantity", 4),
            ("revenue", "40.00"),
            ("order_count", 2),
        ]
        assert (row.product_id, row.currency) == (LAMP, "USD")
        assert self.row(f"{LAMP} USD") == ("Lämp", 4, "40.0000", 2)
        assert self.row(f"{LAMP} JPY") == ("Lamp", 1, "1500.0000", 1)
        assert self.row(f"{PEN} USD") == ("Pen", 5, "4.0000", 1)

    @READ
    def test_a_cancelled_order_leaves_all_of_it_but_the_name(self, log: Log) -> None:
        customer = log.customer()
        old = log.order(customer, lines=[(LAMP, "Old", 2, "20.00"), (LAMP, "Old", 1, "10.00")])
        log.order(customer, lines=[(LAMP, "New", 1, "0.01")])
        log.cancel(old)
        self.apply(log.sequenced())
        assert self.row(f"{LAMP} USD") == ("New", 1, "0.0100", 1)

    @READ
    def test_a_late_order_counts_but_does_not_bring_an_old_name_back(self, log: Log) -> None:
        customer = log.customer()
        log.order(customer, lines=[(LAMP, "Old", 1, "1.00")])
        newer = log.order(customer, lines=[(LAMP, "New", 1, "1.00")])
        log.order(customer, lines=[(LAMP, "Newest", 1, "1.00")])
        log.cancel(newer)
        _, old, new, newest, cancelled = log.sequenced()
        self.apply([new, cancelled])
        self.apply([replace(old, late=True)])
        assert self.row(f"{LAMP} USD") == ("New", 1, "1.0000", 1)
        self.apply([replace(newest, late=True)])  # after the name, before the cancellation
        assert self.row(f"{LAMP} USD") == ("Newest", 2, "2.0000", 2)

    @READ
    def test_a_cancellation_without_its_order_is_an_error(self, log: Log) -> None:
        log.cancel(log.order(log.customer()))
        with pytest.raises(MissingRow, match=r"orders\.order_cancelled at position 3"):
            self.apply(log.sequenced()[2:])
