"""Move stock for an order: lock the rows, check, change, save with one statement.

Rows are locked by ascending product id, so that two orders with the same products cannot deadlock.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from django.conf import settings

from cqrs.database.lock_waits import before_lock
from cqrs.event_log.aggregates import require_unchanged
from cqrs.event_log.outside import require_deletions
from cqrs.event_log.store_all import store_all
from cqrs.messaging.results import reject
from orders.events import Line, StockMoved
from orders.models import StockItem

Changes = list[tuple[StockItem, StockMoved]]


def reserve(order_id: UUID, wanted: Iterable[tuple[UUID, int]]) -> Changes:
    """Reserve pieces of every product that has a stock row; return the changes by product id.

    `wanted` can contain a product several times. Refuses with `out_of_stock` and, if the setting
    `UNTRACKED_PRODUCTS` is `reject`, with `unknown_product`; the message names all such products.
    """
    quantities = _summed(wanted)
    return _save(reserved(order_id, quantities, _lock(quantities)))


def reserved(
    order_id: UUID, quantities: Mapping[UUID, int], items: Mapping[UUID, StockItem]
) -> Changes:
    """Reserve in the locked items alone, without saving; refuses as `reserve` does."""
    if settings.UNTRACKED_PRODUCTS == "reject":
        _refuse("unknown_product", "Unknown", quantities.keys() - items.keys())
    short = {key for key, item in items.items() if quantities[key] > item.available}
    _refuse("out_of_stock", "Out of stock", short)
    return [(item, item.reserve(order_id, quantities[key])) for key, item in items.items()]


def release(order_id: UUID, lines: Iterable[Line]) -> Changes:
    """Release what the lines have reserved; return the changes by product id."""
    return _move(StockItem.release, order_id, lines)


def deduct(order_id: UUID, lines: Iterable[Line]) -> Changes:
    """Deduct what the lines have reserved; return the changes by product id."""
    return _move(StockItem.deduct, order_id, lines)


def lock(product_ids: Iterable[UUID]) -> dict[UUID, StockItem]:
    """Lock the rows, changed outside or not, by ascending id."""
    keys = list(product_ids)
    before_lock(*keys)
    rows = StockItem.objects.filter(pk__in=keys).order_by("pk").select_for_update()
    return {item.id: item for item in rows}


def _move(
    change: Callable[[StockItem, UUID, int], StockMoved], order_id: UUID, lines: Iterable[Line]
) -> Changes:
    held = _summed(
        (line.product_id, line.reserved_quantity) for line in lines if line.reserved_quantity
    )
    if not held:
        return []
    items = _lock(held)
    # The order goes on without a product whose row another program has deleted.
    require_deletions(StockItem.stream_type, held.keys() - items.keys())
    return _save(moved(change, order_id, held, items))


def moved(
    change: Callable[[StockItem, UUID, int], StockMoved],
    order_id: UUID,
    held: Mapping[UUID, int],
    items: Mapping[UUID, StockItem],
) -> Changes:
    """Release or deduct in the locked items alone, without saving."""
    return [
        (item, change(item, order_id, held[key])) for key, item in items.items() if item.reserved
    ]


def _summed(pieces: Iterable[tuple[UUID, int]]) -> Mapping[UUID, int]:
    quantities: Counter[UUID] = Counter()
    for product_id, quantity in pieces:
        quantities[product_id] += quantity
    return quantities


def _lock(product_ids: Iterable[UUID]) -> dict[UUID, StockItem]:
    items = lock(product_ids)
    require_unchanged(*items.values())
    return items


def _refuse(code: str, what: str, product_ids: Iterable[UUID]) -> None:
    if names := ", ".join(map(str, sorted(product_ids))):
        reject(code, f"{what}: {names}")


def _save(changes: Changes) -> Changes:
    store_all([item for item, _ in changes], "on_hand", "reserved")
    return changes
