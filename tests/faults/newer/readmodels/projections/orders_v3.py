"""Version 3 of the orders projection: it handles `OrderFlagged`, which only the newer build has."""

from collections.abc import Collection, Mapping, Sequence

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.rows import RowState, fold, keys_of
from cqrs.projections.store import RowsByTable
from cqrs.projections.table import Table
from orders.events import OrderCreated, OrderFlagged
from readmodels.projections.order_customers import CUSTOMER_HANDLERS, NOTES, copy_customer_name
from readmodels.projections.order_states import HANDLERS, created
from readmodels.projections.orders import ORDERS, Orders


def created_unflagged(order: RowState | None, event: RecordedEvent) -> RowState:
    return {**created(order, event), "flagged": False}


def flagged(order: RowState, event: RecordedEvent) -> RowState:
    return {**order, "flagged": True, "version": event.version}


HANDLERS_V3 = {
    **HANDLERS,
    OrderCreated.wire_name: created_unflagged,
    OrderFlagged.wire_name: flagged,
}


class OrdersV3(Orders):
    version = 3
    types = {*CUSTOMER_HANDLERS, *HANDLERS_V3}

    def keys(self, events: Sequence[RecordedEvent]) -> Mapping[Table, Collection[str]]:
        return {**super().keys(events), ORDERS: keys_of(events, HANDLERS_V3, "order_id")}

    def fold(self, events: Sequence[RecordedEvent], loaded: RowsByTable) -> RowsByTable:
        notes, orders = loaded[NOTES], loaded[ORDERS]
        renamed = fold(events, CUSTOMER_HANDLERS, "customer_id", notes)
        changed = fold(events, HANDLERS_V3, "order_id", orders)
        for order_id, order in orders.items():
            note = notes.get(order.state["customer_id"])
            if note is not None and copy_customer_name(note, order):
                changed[order_id] = order
        return {NOTES: renamed, ORDERS: changed}
