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
from readmodels.specifications import order_event_key

CHUNK = 500  # orders in memory at a time
IN_MEMORY = 2**20  # bytes; a larger file goes to disk


class ExportOrders(OrderFilters):
    """All orders that pass the filters, the latest first unless asked otherwise."""


_CREATION_KEY = Concat(Cast("id", TextField()), Value(order_event_key("", 1)))


def export_orders(query: ExportOrders) -> Result[IO[bytes]]:
    """Write the file from one snapshot of the read model. The caller closes it."""
    if not _running().acquire(blocking=False):
        return Rejected("throttled", "Too many exports are being made; try again in a moment")
    try:
        rows = filtered_rows(query).order_by(*sorted_by(query.model, query.ordering))
        found = rows.annotate(key=_CREATION_KEY).values_list("document", _creation())
        with transaction.atomic(using=READ_ALIAS):  # without one the server would copy it all
            return Ok(_file(found.iterator(chunk_size=CHUNK)))
    finally:
        _running().release()


@cache
def _running() -> BoundedSemaphore:
    # An export occupies its thread for seconds; other requests need the other threads.
    return BoundedSemaphore(max(1, settings.WEB_THREADS // 4))


def _creation() -> Subquery:
    """Return the history's first event of each order: it has the address in its parts."""
    created = OrderEventReadModel.objects.filter(id=OuterRef("key"))
    return Subquery(created.values("document"))


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


def _rows(order: str, creation: str | None) -> Iterator[list[object]]:
    """Return the rows of an order. One that another program has written has no creation."""
    data = orjson.loads(creation)["data"] if creation else {}
    return rows_of(orjson.loads(order), data.get("shipping_address", {}))


def _text(rows: Iterable[Iterable[object]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
