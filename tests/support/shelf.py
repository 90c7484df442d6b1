"""Projections that delete rows: of products that are sold out, and of customers that have left."""

from collections.abc import Mapping, Sequence
from typing import Any

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.models import Tombstone
from cqrs.projections.projection import Projection
from cqrs.projections.rows import Handler, RowState
from cqrs.projections.table import SearchTable, Table
from customers.events import CustomerDeactivated, CustomerUpdated
from orders.events import StockSet
from readmodels.models import CustomerReadModel, StockReadModel, StockSearch
from readmodels.projections import customers
from readmodels.projections.stock import HANDLERS, counted
from readmodels.projections.text import search_text
from tests.support.expected import words


def on_the_shelf(product: RowState | None, event: RecordedEvent) -> RowState | None:
    return counted(product, event) if event.data["on_hand"] else None


def unless_gone(handler: Handler) -> Handler:
    """Return a handler that leaves a deleted row as it is."""
    return lambda state, event: None if state is None else handler(state, event)


SHELF_HANDLERS: dict[str, Handler] = {
    **{name: unless_gone(handler) for name, handler in HANDLERS.items()},
    StockSet.wire_name: on_the_shelf,
}


def shelf_table(*, deletable: bool = True) -> Table:
    return Table(
        StockReadModel,
        partition_key="id",
        deletable=deletable,
        search=SearchTable(
            StockSearch,
            lambda product: search_text(product["name"], product["sku"], product["product_id"]),
            id=lambda product: product["product_id"],
        ),
        id=lambda product: product["product_id"],
    )


class Shelf(Projection):
    """Has the products of which something is on hand."""

    name, version, home_of = "stock", 1, "stock"
    table = shelf_table()
    key = "product_id"
    handlers = SHELF_HANDLERS


class NewShelf(Shelf):
    """Has longer names."""

    version = 2
    handlers: Mapping[str, Handler] = {
        **SHELF_HANDLERS,
        StockSet.wire_name: lambda state, event: (
            new and {**new, "name": f"{new['name']}!"}
            if (new := on_the_shelf(state, event))
            else None
        ),
    }


class FixedShelf(Shelf):
    """Deletes rows of a table that is not declared for it."""

    table = shelf_table(deletable=False)


class Members(Projection):
    """Has the customers that are active. Events of orders change their rows, too."""

    name, version, home_of = "customers", 1, "customer"
    table = Table(
        CustomerReadModel,
        partition_key="id",
        deletable=True,
        search=customers.CUSTOMERS.search,
        **customers.CUSTOMERS.columns.computed,
    )
    key = "customer_id"
    handlers: Mapping[str, Handler] = {
        **customers.HANDLERS,
        **{
            name: unless_gone(handler)
            for name, handler in customers.HANDLERS.items()
            if name.startswith("orders.") or name == CustomerUpdated.wire_name
        },
        CustomerDeactivated.wire_name: lambda *_: None,
    }


SHELF, MEMBERS = [Shelf()], [Members()]
BOTH_SHELVES = [Shelf(), NewShelf()]
FIXED_SHELF = [FixedShelf()]


def only(name: str) -> dict[str, Any]:
    """Return the entries of `settings.CQRS` with one of these tables as the only projections."""
    return {"PROJECTIONS": [f"{__name__}.{name}"], "EVENT_SCHEMAS_DIR": None}


def tombstones(consumer: str = "stock") -> dict[str, tuple[int, int]]:
    """Return the version and the position of each tombstone, by key."""
    rows = Tombstone.objects.filter(consumer=consumer)
    return {row.key: (row.version, row.position) for row in rows}


def shelf_of(events: Sequence[RecordedEvent]) -> dict[str, Any]:
    """Return the products and tombstones that the events amount to, event by event."""
    found: dict[str, Any] = {}
    for event in events:
        if not event.type.startswith("orders.stock_"):
            continue
        key, at = event.data["product_id"], (event.version, event.position)
        before = found.get(key)
        is_set = event.type == StockSet.wire_name
        if is_set and event.data["on_hand"]:
            found[key] = _product(event.data, event.data, at)
        elif is_set and before:
            found[key] = at
        elif isinstance(before, dict):
            found[key] = _product(before, event.data, at)
        elif before:
            found[key] = at
    return found


def _product(named: Any, amounts: Any, at: tuple[int, int]) -> dict[str, Any]:
    on_hand, reserved = amounts["on_hand"], amounts["reserved"]
    product = {name: named[name] for name in ("product_id", "sku", "name")}
    product |= {"on_hand": on_hand, "reserved": reserved, "available": on_hand - reserved}
    product |= dict(zip(("version", "position"), at, strict=True))
    return {**product, "text": words(product, "name", "sku", "product_id")}
