"""Compare the tombstones of two copies of a table."""

from collections.abc import Iterator

from django.db.backends.utils import CursorWrapper

from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.projections.table import SearchTable, Table
from cqrs.rebuild.comparison import CHANGED, INVENTED, MISSING, Difference

_DIFFERENCES = """
WITH part AS (
    SELECT * FROM cqrs_projections_tombstone
    WHERE table_name = %(table)s AND bucket %% %(partitions)s = %(partition)s
)
SELECT key, stored.version || ' at ' || stored.position, logged.version || ' at ' || logged.position
FROM (SELECT * FROM part WHERE consumer = %(stored)s) AS stored
FULL JOIN (SELECT * FROM part WHERE consumer = %(logged)s) AS logged USING (key)
WHERE (stored.version, stored.position) IS DISTINCT FROM (logged.version, logged.position)
ORDER BY key
"""


def tombstone_differences(
    cursor: CursorWrapper,
    table: Table | SearchTable,
    consumers: tuple[str, str],
    checkpoint: PartitionCheckpoint | None = None,
) -> Iterator[Difference]:
    """Yield the tombstones that are not the same for the stored and the logged consumer.

    With a `checkpoint`, only those of its partition.
    """
    if not isinstance(table, Table) or not table.deletable:
        return
    stored, logged = consumers
    part = (checkpoint.partition, checkpoint.partitions) if checkpoint else (0, 1)
    parameters = {"stored": stored, "logged": logged, "table": table.name}
    cursor.execute(_DIFFERENCES, {**parameters, "partition": part[0], "partitions": part[1]})
    for key, ours, theirs in cursor.fetchall():
        kind = MISSING if ours is None else INVENTED if theirs is None else CHANGED
        yield Difference(table.name, key, kind, {"deleted": (ours, theirs)})
