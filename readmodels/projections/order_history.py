"""Project the history of orders, one row per event: the actor, the time and the payload."""

from collections.abc import Collection, Mapping, Sequence

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import Row, RowState
from cqrs.projections.store import RowsByTable
from cqrs.projections.table import Table
from orders.events import (
    OrderCancelled,
    OrderChangedOutside,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderShipped,
)
from readmodels.models import OrderEventReadModel
from readmodels.projections.text import utc_text
from readmodels.specifications import order_event_key

EVENT_NAMES = {
    event.wire_name: event.__name__
    for event in (
        OrderCreated,
        OrderConfirmed,
        OrderShipped,
        OrderDelivered,
        OrderCancelled,
        OrderChangedOutside,
    )
}


def history_entry(event: RecordedEvent) -> RowState:
    return {
        "type": EVENT_NAMES[event.type],
        "version": event.version,
        "occurred_at": utc_text(event.occurred_at),
        "actor": event.metadata["actor"],
        "correlation_id": event.metadata["correlation_id"],
        "data": event.data,
    }


def _key(entry: RowState) -> str:
    return order_event_key(entry["data"]["order_id"], entry["version"])


HISTORY = Table(
    OrderEventReadModel,
    partition_key="customer_id",
    id=_key,
    customer_id=lambda entry: entry["data"]["customer_id"],
)


class OrderHistory(Projection):
    """Writes `read_order_history`."""

    name = "order_history"
    version = 2
    table = HISTORY
    types = EVENT_NAMES.keys()

    def keys(self, events: Sequence[RecordedEvent]) -> Mapping[Table, Collection[str]]:
        """Load nothing, because an event changes no other row."""
        return {}

    def fold(self, events: Sequence[RecordedEvent], loaded: RowsByTable) -> RowsByTable:
        """Make a row of each event."""
        rows = [Row(history_entry(event), event.position) for event in events]
        return {HISTORY: {_key(row.state): row for row in rows}}
