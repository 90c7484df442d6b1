"""Let the stock follow when another program has changed what an order reserves."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from cqrs.adoption.adapter import Change, Consequences
from cqrs.adoption.looking import look
from cqrs.event_log.digests import UnknownDigest
from cqrs.event_log.outside import ChangedOutside
from cqrs.messaging.results import Refusal
from orders import stock
from orders.events import Line, OrderSnapshot
from orders.models import StockItem

RESERVING = ("pending", "confirmed")
SHIPPED = ("shipped", "delivered")

OrderChange = Change[OrderSnapshot]


def follow(changes: Sequence[OrderChange]) -> Consequences:
    """Move stock as the commands would have done, for orders that are locked.

    An order that has left the open statuses keeps no reservation: shipped or delivered, its pieces
    are deducted; cancelled or deleted, they are released. One that is open again, or whose lines
    have changed, reserves anew; it is refused when too little is available.
    """
    found = Consequences()
    moving = [each for each in changes if _pieces(each.before) != _pieces(each.after)]
    if not moving:
        return found
    # All rows first, in the order of all commands; then none is missing or unknown below.
    products = {
        key for each in moving for side in (each.before, each.after) for key in _pieces(side)
    }
    stock.lock(products)
    look(StockItem.stream_type, products)
    for each in moving:
        try:
            with transaction.atomic():
                found.events += _move(each)
        except Refusal as refusal:
            found.refused[each.aggregate_id] = f"its stock cannot follow: {refusal.rejected.code}"
        except ChangedOutside:
            found.refused[each.aggregate_id] = "its stock cannot follow: it is parked itself"
        except UnknownDigest:
            found.refused[each.aggregate_id] = "its stock cannot follow: a newer build wrote it"
    return found


def _move(change: OrderChange) -> stock.Changes:
    order_id, moved = change.aggregate_id, stock.Changes()
    if held := _held(change.before):
        is_shipped = change.after is not None and change.after.status in SHIPPED
        moved += (stock.deduct if is_shipped else stock.release)(order_id, held)
    if wanted := _pieces(change.after):
        moved += stock.reserve(order_id, wanted.items())
    return moved


def _held(order: OrderSnapshot | None) -> Sequence[Line]:
    """Return the lines whose pieces are reserved."""
    return order.items if order and order.status in RESERVING else ()


def _pieces(order: OrderSnapshot | None) -> Counter[UUID]:
    """Return the reserved pieces by product."""
    pieces: Counter[UUID] = Counter()
    for line in _held(order):
        if line.reserved_quantity:
            pieces[line.product_id] += line.reserved_quantity
    return pieces
