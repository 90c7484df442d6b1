"""Create serving tables that someone has dropped: migrations believe that they are there."""

from collections.abc import Sequence

from django.db import connections, transaction

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.projections.projection import Projection
from cqrs.projections.store import SERVING_SCHEMA
from cqrs.rebuild.owned_tables import mark_table, owned_tables


def create_missing_tables(projection: Projection) -> Sequence[str]:
    """Create the projection's missing serving tables, empty; return their names."""
    connection = connections[PROJECTION_ALIAS]
    with transaction.atomic(using=PROJECTION_ALIAS), connection.cursor() as cursor:
        found = owned_tables(cursor, projection.name, SERVING_SCHEMA)
        missing = [table for table in projection.tables if table.name not in found]
        if missing:
            with connection.schema_editor() as editor:
                for table in missing:
                    editor.create_model(table.model)
        for table in missing:
            mark_table(cursor, projection.name, SERVING_SCHEMA, table.name)
    return [table.name for table in missing]
