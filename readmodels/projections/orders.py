"""Project orders with their lines and their customer's present name, one row per order.

Order events do not contain the customer's name, so the projection has its own copy of every
customer's name. After a batch, all orders of a customer have the latest name, wherever in the batch
it changed. So the names between the order events need no replay. `updated_at` and `version` are the
order's own: a change of the customer's name does not change them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from cqrs.database.cursors import array
from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import Rows, fold, keys_of
from cqrs.projections.store import RowsByTable, Store
from cqrs.projections.table import SearchTable, Table
from orders.events import OrderChangedOutside, OrderCreated
from readmodels.models import OrderReadModel, OrderSearch
from readmodels.projections.order_customers import (
    CUSTOMER_HANDLERS,
    NOTES,
    copy_customer_name,
    has_name,
)
from readmodels.projections.order_states import HANDLERS
from readmodels.projections.text import search_text

RENAME_CHUNK = 2_000
NOTE_COLUMNS = ("customer_id", "name", "email")
BEHIND_THEIR_NOTE = """
JOIN unnest(%s::uuid[], %s::text[], %s::text[], %s::bigint[])
     AS note(customer, name, email, reached) ON customer_id = customer
WHERE position < reached OR (customer_name, customer_email) <> (name, email)
LIMIT %s
"""

NEEDS_NOTE = {*CUSTOMER_HANDLERS, OrderCreated.wire_name, OrderChangedOutside.wire_name}

SEARCH = SearchTable(
    OrderSearch,
    lambda order: search_text(order["customer_name"], order["customer_email"], order["id"]),
    partition_key="customer_id",
)
ORDERS = Table(OrderReadModel, partition_key="customer_id", search=SEARCH, deletable=True)


class Orders(Projection):
    """Writes `read_orders`, `read_order_search` and `read_order_customers`."""

    name = "orders"
    version = 2
    home_of = "order"
    types = {*CUSTOMER_HANDLERS, *HANDLERS}
    tables = (ORDERS, SEARCH, NOTES)

    def split(self, event: RecordedEvent) -> Iterator[RecordedEvent]:
        """Leave out what changes no customer's name: it would move all orders of the customer."""
        if has_name(event):
            yield event

    def keys(self, events: Sequence[RecordedEvent]) -> Mapping[Table, Collection[str]]:
        """Return the customers of new orders, and the orders."""
        return {
            NOTES: keys_of(events, NEEDS_NOTE, "customer_id"),
            ORDERS: keys_of(events, HANDLERS, "order_id"),
        }

    def fold(self, events: Sequence[RecordedEvent], loaded: RowsByTable) -> RowsByTable:
        """Fold the events into customers and orders; then give the orders their latest names."""
        notes, orders = loaded[NOTES], loaded[ORDERS]
        renamed = fold(events, CUSTOMER_HANDLERS, "customer_id", notes)
        changed = fold(events, HANDLERS, "order_id", orders)
        for order_id, order in orders.items():
            note = None if order.is_deleted else notes.get(order.state["customer_id"])
            if note is not None and copy_customer_name(note, order):
                changed[order_id] = order
        return {NOTES: renamed, ORDERS: changed}

    def has_follow_up(self, changed: RowsByTable) -> bool:
        """Return whether a customer was renamed: a new one has no other orders."""
        return any(note.is_stored for note in changed[NOTES].values())

    def follow_up(self, changed: RowsByTable, store: Store) -> None:
        """Rename the customers' other orders."""
        rename_others(changed[NOTES], store)


def rename_others(renamed: Rows, store: Store) -> None:
    """Rename the orders that the batch did not touch, in chunks that limit the memory.

    A renamed order is not selected again, because it has the position of the customer's event. An
    order is past that position without the name when the customer's event was parked.
    """
    notes = list(renamed.values())
    columns = [array([note.state[name] for note in notes]) for name in NOTE_COLUMNS]
    positions = array([note.position for note in notes])
    while notes:
        orders = store.select(ORDERS, BEHIND_THEIR_NOTE, *columns, positions, RENAME_CHUNK)
        for order in orders.values():
            copy_customer_name(renamed[order.state["customer_id"]], order)
        store.write({ORDERS: orders})
        if len(orders) < RENAME_CHUNK:
            return
