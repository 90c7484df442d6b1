"""Load aggregates that a command relies on and does not change.

A row that went back, as one does that was restored from a backup, has a digest that fits. A command
that changes it learns of that from the log, which has the next version already. Here the row is
read with the end of its stream, in one statement.
"""

from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection

from cqrs.database.lock_waits import before_lock
from cqrs.event_log.aggregates import Aggregate, refuse_missing, require_unchanged
from cqrs.event_log.outside import ChangedOutside, reading

_ROW = """
SELECT {columns}, (
    SELECT version FROM cqrs_event WHERE stream_type = %s AND stream_id = stored.{key}
    ORDER BY version DESC LIMIT 1
) FROM {table} AS stored WHERE stored.{key} = %s {lock}
"""

A = TypeVar("A", bound=Aggregate)


def load_shared(model: type[A], pk: UUID) -> A:
    """Return the aggregate, locked against changes until the transaction ends.

    The lock is shared: commands that rely on one row do not wait for each other. Refuses with
    `not_found`. Raises `ChangedOutside`.
    """
    before_lock(pk)
    found = _find(model, pk, "FOR SHARE")
    if found is None:
        refuse_missing(model, pk)
    return found


def find_unlocked(model: type[A], pk: UUID) -> A | None:
    """Return the aggregate without a lock, or None. Raises `ChangedOutside`."""
    return _find(model, pk, "")


def _find(model: type[A], pk: UUID, lock: str) -> A | None:
    with reading(model.stream_type, pk), connection.cursor() as cursor:
        cursor.execute(_statement(model, lock), [model.stream_type, pk])
        row = cursor.fetchone()
    if row is None:
        return None
    found = _loaded(model, row[:-1])
    require_unchanged(found)
    # A row can be ahead: after a wait for its lock it is newer than the snapshot of the statement.
    if model.digest_fields and (row[-1] or 0) > found.version:
        raise ChangedOutside({model.stream_type: [pk]})
    return found


@cache
def _statement(model: type[Aggregate], lock: str) -> str:
    """Return the SQL. The ORM has no FOR SHARE, and takes longer to make it than to run it."""
    meta, quoted = model._meta, connection.ops.quote_name
    return _ROW.format(
        columns=", ".join(f"stored.{quoted(str(field.column))}" for field in meta.concrete_fields),
        key=quoted(str(meta.pk.column)),
        table=quoted(meta.db_table),
        lock=lock,
    )


def _loaded(model: type[A], values: tuple[Any, ...]) -> A:
    fields = model._meta.concrete_fields
    converted = [_converted(*pair) for pair in zip(fields, values, strict=True)]
    loaded: A = model.from_db(connection.alias, [field.attname for field in fields], converted)
    return loaded


def _converted(field: Any, value: Any) -> Any:
    for convert in field.get_db_converters(connection):
        value = convert(value, field, connection)
    return value
