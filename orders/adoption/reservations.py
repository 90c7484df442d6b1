"""Let the stock follow when another program has changed what an order reserves."""

from collections import Counter
from collections.abc import Collection, Container, Mapping, Sequence, Set
from copy import copy
from uuid import UUID

from cqrs.adoption.adapter import Change, Consequences, NotAdopted
from cqrs.adoption.looking import look
from cqrs.event_log.digests import UnknownDigest
from cqrs.event_log.outside import last_events
from cqrs.event_log.store_all import store_all
from cqrs.messaging.results import Refusal
from orders import stock
from orders.events import OrderSnapshot
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
    products = {key for each in moving for key in _products(each)}
    items = _locked(products)
    unusable = _unusable(products, items)
    for each in moving:
        try:
            if reasons := [unusable[key] for key in _products(each) if key in unusable]:
                raise NotAdopted(reasons[0])
            changed = _move(each, items)
        except NotAdopted as reason:
            found.refused[each.aggregate_id] = f"its stock cannot follow: {reason}"
        except Refusal as refusal:
            found.refused[each.aggregate_id] = f"its stock cannot follow: {refusal.rejected.code}"
        else:
            found.events += changed
            items.update((item.id, item) for item, _ in changed)
    store_all(
        [items[key] for key in {item.stream_id for item, _ in found.events}], "on_hand", "reserved"
    )
    return found


def _locked(products: Collection[UUID]) -> dict[UUID, StockItem]:
    """Lock the stock in the order of all commands, adopt what has changed, and return it."""
    stock.lock(products)
    look(StockItem.stream_type, products)
    return stock.lock(products)


def _unusable(products: Collection[UUID], items: Mapping[UUID, StockItem]) -> dict[UUID, str]:
    """Return why products cannot be moved."""
    last = last_events(StockItem.stream_type, products)
    ends = {key: each.version for key, each in last.items() if not each.is_deletion}
    found = dict.fromkeys(ends.keys() - items.keys(), "it is parked itself")
    for key, item in items.items():
        try:
            # The digest of a parked one can fit: then the log alone is ahead.
            if not item.is_unchanged or item.version != ends.get(key):
                found[key] = "it is parked itself"
        except UnknownDigest:
            found[key] = "a newer build wrote it"
    return found


def _move(change: OrderChange, items: Mapping[UUID, StockItem]) -> stock.Changes:
    """Return the items of the order as they become, in copies: each event has its version."""
    held, wanted = _pieces(change.before), _pieces(change.after)
    is_shipped = change.after is not None and change.after.status in SHIPPED
    leave = StockItem.deduct if is_shipped else StockItem.release
    left = stock.moved(leave, change.aggregate_id, held, _copies(items, held))
    items = {**items, **{item.id: item for item, _ in left}}
    return left + stock.reserved(change.aggregate_id, wanted, _copies(items, wanted))


def _copies(items: Mapping[UUID, StockItem], keys: Container[UUID]) -> dict[UUID, StockItem]:
    return {key: copy(item) for key, item in items.items() if key in keys}


def _products(change: OrderChange) -> Set[UUID]:
    return _pieces(change.before).keys() | _pieces(change.after).keys()


def _pieces(order: OrderSnapshot | None) -> Counter[UUID]:
    """Return the reserved pieces by product."""
    pieces: Counter[UUID] = Counter()
    if order and order.status in RESERVING:
        for line in order.items:
            if line.reserved_quantity:
                pieces[line.product_id] += line.reserved_quantity
    return pieces
