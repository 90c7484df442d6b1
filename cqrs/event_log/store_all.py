"""Save many rows of one model with one statement."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model

from cqrs.event_log.aggregates import Aggregate

_UPDATE = """
UPDATE {table} AS stored SET {assignments}
FROM unnest({arrays}) AS new ({columns}) WHERE stored.{key} = new.{key}
"""


def store_all(aggregates: Sequence[Aggregate], *fields: str) -> None:
    """Seal aggregates, and write their versions, their digests and these fields.

    Only for changes that are published. The rows are locked already.
    """
    for aggregate in aggregates:
        aggregate.seal()
    write_all(aggregates, *fields, "version", "digest")


def write_all(rows: Sequence[Any], *fields: str) -> None:
    """Write these fields of the rows, by their columns' names."""
    if not rows:
        return
    model: type[Model] = type(rows[0])
    names = (rows[0]._meta.pk.attname, *fields)
    values: list[list[Any]] = [[getattr(row, name) for row in rows] for name in names]
    with connection.cursor() as cursor:
        cursor.execute(_statement(model, names), values)


@cache
def _statement(model: type[Model], names: Sequence[str]) -> str:
    quoted, meta = connection.ops.quote_name, model._meta
    fields: list[Any] = [meta.get_field(name) for name in names]
    columns = [quoted(field.column) for field in fields]
    return _UPDATE.format(
        table=quoted(meta.db_table),
        assignments=", ".join(f"{column} = new.{column}" for column in columns[1:]),
        arrays=", ".join(f"%s::{field.db_type(connection)}[]" for field in fields),
        columns=", ".join(columns),
        key=columns[0],
    )
