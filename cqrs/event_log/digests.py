"""Digests of rows: they show that something other than the application has changed a row.

A digest is `<version of the field list>:<hash>` of the persistent fields. The same values give the
same digest before they are saved and after they are loaded: decimals without trailing zeros, times
in UTC with microseconds, NULL apart from an empty text.

>>> from types import SimpleNamespace
>>> lists = {1: ("title", "price")}
>>> row = SimpleNamespace(title="Emma", price=Decimal("9.50"))
>>> digest = seal(lists, row)
>>> row.price = Decimal("9.5000")
>>> fits(digest, lists, row), fits(digest, lists, SimpleNamespace(title="Emma", price=None))
(True, False)
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal
from functools import cache
from operator import attrgetter
from typing import Any

import orjson

from cqrs.database.outages import DatabaseUnavailable

FieldLists = Mapping[int, tuple[str, ...]]
"""The fields that a digest covers, by the version of the list. The highest version is written."""

_LIST_VERSION = re.compile("([0-9]{1,9}):")
_EXACT = Context(prec=1_000)  # the thread's own context may round earlier


class UnknownDigest(DatabaseUnavailable):
    """A newer build sealed the row with fields that this one does not know. Nothing was written."""

    code = "write_side_newer"

    def __init__(self) -> None:
        super().__init__("A newer build wrote this: try again when all servers have it")


def seal(lists: FieldLists, *rows: Any) -> str:
    """Return the digest of the rows, in their order, by the latest list of fields."""
    return _digest(max(lists), lists, rows)


def fits(digest: str | None, lists: FieldLists, *rows: Any) -> bool:
    """Return whether the rows are as they were sealed, by the list that the digest names.

    Raises `UnknownDigest` for a list of a newer build.
    """
    number = _list_version(digest)
    if number > max(lists):
        raise UnknownDigest
    return number in lists and digest == _digest(number, lists, rows)


def _digest(number: int, lists: FieldLists, rows: tuple[Any, ...]) -> str:
    values = [*map(_getter(lists[number]), rows)]
    text = orjson.dumps(values, default=_canonical, option=orjson.OPT_PASSTHROUGH_DATETIME)
    return f"{number}:{hashlib.blake2b(text, digest_size=16).hexdigest()}"


def _list_version(digest: str | None) -> int:
    """Return the version that the digest names; 0 for what no build has written."""
    found = _LIST_VERSION.match(digest or "")
    return int(found[1]) if found else 0


@cache
def _getter(fields: tuple[str, ...]) -> Callable[[Any], Any]:
    return attrgetter(*fields)


def _canonical(value: Any) -> str:
    """Return a value that JSON has no form for."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, Decimal):
        return str(value.normalize(_EXACT)) if value else "0"  # 0 has a sign, too
    raise TypeError(f"A digest cannot cover a {type(value).__name__}")
