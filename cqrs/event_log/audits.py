"""Finding writes that bypassed the event log.

A bulk update or a line of SQL changes a table and leaves no event, and so a hole in every read
model. Each write app names, in SQL, what its tables say and what the log says of the same thing;
this runs those statements and reports where the two differ. `projections verify` does so in
production, and the test suite after every test.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction

from cqrs.conf import conf, tables

CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that the write model and the event log disagree on. None: it is not there."""

    what: str
    aggregate_id: str
    stored: str | None
    logged: str | None

    def __str__(self) -> str:
        return f"{self.what} {self.aggregate_id}: stored {self.stored}, logged {self.logged}"


def audit() -> Iterator[Drift]:
    """Yield every difference between the write models and the event log.

    Reads in one snapshot and through a cursor on the server, so it may run beside writers and
    needs the memory of one chunk. The values may be personal data: do not log them.
    """
    for sql in tables(conf().AUDITS):
        yield from _run(sql)


def _run(sql: str) -> Iterator[Drift]:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(CHUNK):
            yield from (Drift(*row) for row in rows)
