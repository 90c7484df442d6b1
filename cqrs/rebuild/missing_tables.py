"""Make serving tables that are missing, because an operator or a restore has dropped them."""

from collections.abc import Sequence

from django.db import connections, transaction

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint, Tombstone
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.projections.store import SERVING_SCHEMA
from cqrs.projections.table import SearchTable, Table
from cqrs.rebuild.owned_tables import mark_serving_tables


def restore_missing_tables(projection: Projection) -> bool:
    """Create the projection's missing tables, and let it begin at position 0; False without any.

    The other tables are emptied: they and the new ones have to hold the same events.
    """
    with transaction.atomic(using=PROJECTION_ALIAS):
        runner.partitions.lock([projection.name])
        missing = _missing(projection)
        if not missing:
            return False
        with connections[PROJECTION_ALIAS].schema_editor() as editor:
            for table in missing:
                editor.create_model(table.model)
        mark_serving_tables()
        _begin_anew(projection)
    return True


def _missing(projection: Projection) -> Sequence[Table | SearchTable]:
    with connections[PROJECTION_ALIAS].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [SERVING_SCHEMA])
        found = {name for (name,) in cursor.fetchall()}
    return [table for table in projection.tables if table.name not in found]


def _begin_anew(projection: Projection) -> None:
    names = ", ".join(f"{SERVING_SCHEMA}.{table.name}" for table in projection.tables)
    with connections[PROJECTION_ALIAS].cursor() as cursor:
        cursor.execute(f"TRUNCATE {names}")
    own = {"consumer": projection.name}
    for model in (ParkedEvent, Tombstone):
        model._default_manager.using(PROJECTION_ALIAS).filter(**own).delete()
    checkpoints = ProjectionCheckpoint.objects.using(PROJECTION_ALIAS).filter(**own)
    checkpoints.update(position=0, event_id=None, version=projection.version, caught_up_at=None)
