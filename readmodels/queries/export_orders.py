"""Export orders as CSV, one row per order line. Refuses with `throttled` beside too many others.

The file is complete before its first byte leaves. The web server ends a stream that breaks like a
complete one, so half an export would look like all of it. Rows go from a server-side cursor to
disk, so memory does not grow with the export.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from tempfile import SpooledTemporaryFile
from threading import BoundedSemaphore
from typing import IO

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Subquery, TextField, Value
from django.db.models.functions import Cast, Concat

from cqrs.database.aliases import READ_ALIAS
from cqrs.messaging.results import Ok, Rejected, Result
from cqrs.queries.filtersets import filtered_rows
from cqrs.queries.orderings import sorted_by
from readmodels.models import OrderEventReadModel
from readmodels.queries.order_filters import OrderFilters
from readmodels.queries.order_rows import HEADER, rows_of

CHUNK = 500  # orders in memory at a time
IN_MEMORY = 2**20  # bytes; a larger file goes to disk


class ExportOrders(OrderFilters):
    """All orders that pass the filters, the latest first unless asked otherwise."""


# Around the keys of an order's events (`is_event_of`).
_AROUND = [Concat(Cast("id", TextField()), Value(end)) for end in (" ", "!")]
_HAS_ADDRESS = '"shipping_address":{'  # no text in JSON holds such quotes


def export_orders(query: ExportOrders) -> Result[IO[bytes]]:
    """Write the file from one snapshot of the read model. The caller closes it."""
    if not _running().acquire(blocking=False):
        return Rejected("throttled", "Too many exports are being made; try again in a moment")
    try:
        rows = filtered_rows(query).order_by(*sorted_by(query.model, query.ordering))
        found = rows.alias(before=_AROUND[0], behind=_AROUND[1])
        found = found.values_list("document", _addressed())
        with transaction.atomic(using=READ_ALIAS):  # without one the server would copy it all
            return Ok(_file(found.iterator(chunk_size=CHUNK)))
    finally:
        _running().release()


@cache
def _running() -> BoundedSemaphore:
    # An export occupies its thread for seconds; other requests need the other threads.
    return BoundedSemaphore(max(1, settings.WEB_THREADS // 4))


def _addressed() -> Subquery:
    """Return the last event of each order that has its address in parts.

    The first has it, and every change by another program.
    """
    keys = {"id__gt": OuterRef("before"), "id__lt": OuterRef("behind")}
    events = OrderEventReadModel.objects.filter(**keys, document__contains=_HAS_ADDRESS)
    return Subquery(events.order_by("-id").values("document")[:1])


def _file(documents: Iterable[tuple[str, str | None]]) -> IO[bytes]:
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  the caller closes it
    try:
        file.write(_text([HEADER]))
        remaining = iter(documents)
        while chunk := list(islice(remaining, CHUNK)):
            file.write(_text(row for order in chunk for row in _rows(*order)))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _rows(order: str, event: str | None) -> Iterator[list[object]]:
    """Return the rows of an order.

    The history may be behind the orders, without any event; or ahead, with the order's deletion.
    """
    data = orjson.loads(event)["data"] if event else {"shipping_address": {}}
    state = data.get("after") or data.get("before") or data
    return rows_of(orjson.loads(order), state["shipping_address"])


def _text(rows: Iterable[Iterable[object]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
