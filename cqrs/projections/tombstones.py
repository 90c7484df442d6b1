"""Tombstones: what stays of a deleted row, so that late events and tokens find it."""

from collections.abc import Collection, Iterable
from uuid import UUID

from cqrs.database.cursors import array
from cqrs.database.statements import Statement
from cqrs.event_log.events import bucket_of
from cqrs.projections.rows import Row, Rows
from cqrs.projections.table import Table

_SELECT = """
SELECT key, version || ' ' || bucket, position FROM cqrs_projections_tombstone
WHERE consumer = %s AND table_name = %s AND key = ANY(%s::text[])
"""
_INSERT = """
INSERT INTO cqrs_projections_tombstone (consumer, table_name, key, bucket, version, position)
SELECT %s, %s, * FROM unnest(%s::text[], %s::int[], %s::int[], %s::bigint[])
ON CONFLICT (consumer, table_name, key) DO UPDATE
SET version = EXCLUDED.version, position = EXCLUDED.position
"""
_DELETE = """
DELETE FROM cqrs_projections_tombstone
WHERE consumer = %s AND table_name = %s AND key = ANY(%s::text[])
"""


class Tombstones:
    """The tombstones of one table, of one consumer: a copy of the table has its own."""

    def __init__(self, consumer: str, table: Table) -> None:
        self.table = table
        self.where = consumer, table.name

    def by_key(self, keys: Collection[str]) -> Statement:
        """Return the statement that loads the tombstones with these keys, in columns as rows."""
        return _SELECT, [*self.where, array(keys)]

    def insert(self, rows: Rows) -> Statement:
        """Return the statement that stores the tombstones of deleted rows."""
        buckets = [self._bucket(row) for row in rows.values()]
        versions = [row.deleted_version for row in rows.values()]
        positions = [row.position for row in rows.values()]
        columns = (list(rows), buckets, versions, positions)
        return _INSERT, [*self.where, *(array(column) for column in columns)]

    def delete(self, keys: Collection[str]) -> Statement:
        """Return the statement that removes tombstones, because the rows are there again."""
        return _DELETE, [*self.where, array(keys)]

    def _bucket(self, row: Row) -> int:
        if self.table.partition_key is None:
            return 0
        if row.stored_bucket is not None:
            return row.stored_bucket
        [key] = self.table.columns.values(self.table.partition_key, [row])
        return bucket_of(UUID(str(key)))


def deleted_rows(found: Iterable[tuple[str, str, int]]) -> Rows:
    """Return the rows that loaded tombstones stand for, by key."""
    return {
        key: Row({}, position, deleted_version=int(version), stored_bucket=int(bucket))
        for key, text, position in found
        for version, bucket in [text.split()]
    }
