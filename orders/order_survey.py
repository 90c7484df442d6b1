"""Read a whole order CSV once before anything is imported, for what one order alone cannot show."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from orders.order_csv import RawOrder

TORN = "duplicate_order_id: the lines of the order are not next to each other"
DOUBTFUL = "invalid: a row beside it cannot be read, and may belong to this order"


@dataclass(frozen=True, slots=True)
class Survey:
    """The number of orders, and why some are rejected whatever their rows say."""

    orders: int
    reasons: dict[UUID, str]

    def reason(self, order: RawOrder) -> str | None:
        return self.reasons.get(order.key) if order.key else None


def survey(orders: Iterable[RawOrder]) -> Survey:
    """Look for orders whose lines are not adjacent, and for neighbors of rows that name no order.

    Raises `UnreadableFile`.
    """
    seen: set[UUID] = set()
    reasons: dict[UUID, str] = {}
    before: UUID | None = None
    count, is_doubtful = 0, False
    for order in orders:
        count += 1
        key = order.key
        if key and key in seen:
            reasons[key] = TORN
        elif key and is_doubtful:
            reasons[key] = DOUBTFUL
        is_doubtful = order.may_belong_to_a_neighbor
        if before and is_doubtful:
            reasons[before] = DOUBTFUL
        if key:
            seen.add(key)
        before = key
    return Survey(count, reasons)
