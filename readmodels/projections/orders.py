"""Orders with their lines and their customer's present name, one row per order.

Order events do not say what the customer is called, so the projection keeps a note of its own on
every customer. After a batch all orders of a customer carry the customer's latest name, wherever
in the batch it changed: that is what "follows later changes" means, and it spares replaying the
names between the order events. `updated_at` and `version` are the order's own: a customer's change
of name moves neither.
"""

from collections.abc import Sequence

from cqrs.database.cursors import array
from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import Handler, MissingRow, Row, RowState, fold, keys_of
from cqrs.projections.table import SearchTable, Table
from orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderShipped,
)
from readmodels.documents import OrderLineDocument
from readmodels.models import OrderReadModel, OrderSearch
from readmodels.projections.order_customers import CUSTOMER_HANDLERS, NOTES, copy_customer_name
from readmodels.projections.text import one_line, search_text, utc_text

RENAME_CHUNK = 2_000
LINE_FIELDS = tuple(OrderLineDocument.model_fields)
NOTE_COLUMNS = ("customer_id", "name", "email")
BEHIND_THEIR_NOTE = """
JOIN unnest(%s::uuid[], %s::text[], %s::text[], %s::bigint[])
     AS note(customer, name, email, reached) ON customer_id = customer
WHERE position < reached OR (customer_name, customer_email) <> (name, email)
LIMIT %s
"""


def created(_: RowState | None, event: RecordedEvent) -> RowState:
    """The customer's name comes after the fold; it stays empty if the customer is unknown yet."""
    data = event.data
    return {
        "id": data["order_id"],
        "customer_id": data["customer_id"],
        "customer_name": "",
        "customer_email": "",
        "status": "pending",
        "items": [{name: line[name] for name in LINE_FIELDS} for line in data["items"]],
        "total_amount": data["total_amount"],
        "currency": data["currency"],
        "item_count": len(data["items"]),
        "order_date": utc_text(data["order_date"]),
        "updated_at": utc_text(event.occurred_at),
        "shipping_address": one_line(data["shipping_address"]),
        "special_instructions": data["special_instructions"],
        "carrier": "",
        "tracking_number": "",
        "version": event.version,
    }


def moved(status: str) -> Handler:
    """Return the handler of an event that changes the status alone."""

    def handle(order: RowState | None, event: RecordedEvent) -> RowState:
        if order is None:
            raise MissingRow(event)
        order["status"] = status
        order["updated_at"] = utc_text(event.occurred_at)
        order["version"] = event.version
        return order

    return handle


def shipped(order: RowState | None, event: RecordedEvent) -> RowState:
    order = moved("shipped")(order, event)
    order["carrier"] = event.data["carrier"]
    order["tracking_number"] = event.data["tracking_number"]
    return order


HANDLERS = {
    OrderCreated.wire_name: created,
    OrderConfirmed.wire_name: moved("confirmed"),
    OrderShipped.wire_name: shipped,
    OrderDelivered.wire_name: moved("delivered"),
    OrderCancelled.wire_name: moved("cancelled"),
}
NEEDS_NOTE = {*CUSTOMER_HANDLERS, OrderCreated.wire_name}

SEARCH = SearchTable(
    OrderSearch,
    lambda order: search_text(order["customer_name"], order["customer_email"], order["id"]),
    partition_key="customer_id",
)
ORDERS = Table(OrderReadModel, partition_key="customer_id", search=SEARCH)


class Orders(Projection):
    """Writes `read_orders`, `read_order_search` and `read_order_customers`."""

    name = "orders"
    version = 1
    home_of = "order"
    types = {*CUSTOMER_HANDLERS, *HANDLERS}
    tables = (ORDERS, SEARCH, NOTES)

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        """Fold the batch into the orders it touches, then rename its customers' other orders."""
        notes = NOTES.load(keys_of(events, NEEDS_NOTE, "customer_id"))
        renamed = fold(events, CUSTOMER_HANDLERS, "customer_id", notes)
        orders = ORDERS.load(keys_of(events, HANDLERS, "order_id"))
        changed = fold(events, HANDLERS, "order_id", orders)
        for order_id, order in orders.items():
            note = notes.get(order.state["customer_id"])
            if note is not None and copy_customer_name(note, order):
                changed[order_id] = order
        NOTES.upsert(renamed)
        ORDERS.upsert(changed)
        rename_others(renamed)


def rename_others(renamed: dict[str, Row]) -> None:
    """Rename the orders that the batch did not touch, a chunk at a time to bound the memory.

    A renamed order is not found again: it has reached its customer's position. An order is past
    it, and still lacks the name, when the customer's event was parked.
    """
    notes = list(renamed.values())
    columns = [array([note.state[name] for note in notes]) for name in NOTE_COLUMNS]
    positions = array([note.position for note in notes])
    while notes:
        orders = ORDERS.select(BEHIND_THEIR_NOTE, *columns, positions, RENAME_CHUNK)
        for order in orders.values():
            copy_customer_name(renamed[order.state["customer_id"]], order)
        ORDERS.upsert(orders)
        if len(orders) < RENAME_CHUNK:
            return
