"""Find writes that bypassed the event log.

A bulk update or plain SQL changes a table without an event, so the change is missing in every read
model until it is adopted (`cqrs/adoption/`). Each write app has SQL that compares its tables with
the log; `audit` runs it and returns the differences. `projections verify` calls it in production,
the test suite after every test.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from django.db import DataError, connection, transaction

from cqrs.conf import conf, tables
from cqrs.messaging.redaction import redacted_pair

CHUNK = 1_000


class UnreadableValue(Exception):
    """An event, or a row, has a value that the audit cannot read: another program wrote it."""

    def __init__(self) -> None:
        super().__init__(
            "The audit of the write tables met a value that cannot be read:"
            " projections verify --adopt names its aggregate (docs/adoption.md)"
        )


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between a write table and the event log, whose values are JSON.

    None: the value is missing there. Its text has no texts of the values, which can be personal.
    """

    what: str
    aggregate_id: str
    stored: str | None
    logged: str | None

    def __str__(self) -> str:
        values = (value and orjson.loads(value) for value in (self.stored, self.logged))
        stored, logged = redacted_pair(*values)
        return f"{self.what} {self.aggregate_id}: stored {stored}, logged {logged}"


def audit() -> Iterator[Drift]:
    """Yield every difference between the write models and the event log.

    Reads one snapshot through a server-side cursor: it does not disturb writers and holds one chunk
    in memory. The values may be personal data: do not log them. Raises `UnreadableValue`.
    """
    for sql in tables(conf().AUDITS):
        yield from _run(sql)


def _run(sql: str) -> Iterator[Drift]:
    try:
        with transaction.atomic(), connection.chunked_cursor() as cursor:
            cursor.execute(sql)
            while rows := cursor.fetchmany(CHUNK):
                yield from (Drift(*row) for row in rows)
    except DataError as error:
        raise UnreadableValue from error
