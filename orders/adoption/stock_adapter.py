"""How changes of other programs to stock become events."""

from typing import Any, ClassVar

from cqrs.adoption.adapter import Adapter, Change
from cqrs.event_log.events import Event
from orders.events import StockChangedOutside, StockMoved, StockSet, StockSnapshot
from orders.models import StockItem


class StockAdapter(Adapter[StockSnapshot]):
    model = StockItem
    tables: ClassVar = {"orders_stockitem": "id"}

    def snapshot(self, row: Any) -> StockSnapshot:
        return StockSnapshot(**{name: getattr(row, name) for name in StockSnapshot.model_fields})

    def fold(self, state: StockSnapshot | None, event: Event) -> StockSnapshot | None:
        match event:
            case StockChangedOutside():
                return event.after
            case StockSet():
                return StockSnapshot(
                    on_hand=event.on_hand, reserved=event.reserved, sku=event.sku, name=event.name
                )
            case StockMoved() if state:
                amounts = {"on_hand": event.on_hand, "reserved": event.reserved}
                return state.model_copy(update=amounts)
        return state

    def event(self, change: Change[StockSnapshot]) -> StockChangedOutside:
        after = change.after
        return StockChangedOutside(
            product_id=change.aggregate_id,
            on_hand=after.on_hand if after else 0,
            reserved=after.reserved if after else 0,
            before=change.before,
            after=after,
        )
