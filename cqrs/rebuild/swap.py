"""Swap the serving tables of a projection for a copy, in one transaction."""

import random
import time
from collections.abc import Callable

from django.db import OperationalError, connections, transaction

from cqrs.consumers.announcements import announce
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.database.sqlstates import Meaning, meaning
from cqrs.projections.store import SERVING_SCHEMA
from cqrs.rebuild.catch_up import copy_runner, held_at_equal_position
from cqrs.rebuild.owned_tables import owned_tables
from cqrs.rebuild.proof import RebuildError
from cqrs.rebuild.table_copies import CONSUMER_STATE, Slot, TableCopy

SWAP_PATIENCE_S = 60.0
# All later readers of a table wait behind a waiting swap: it waits briefly, and tries again.
SWAP_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '50ms'"


def swap(incoming: TableCopy) -> None:
    """Make the copy's tables the serving ones and retire the serving ones, in one transaction.

    Raises `RebuildError` after `SWAP_PATIENCE_S`.
    """
    _try_until_free(incoming, _try_to_swap)


def replace_serving(incoming: TableCopy) -> None:
    """Make the copy's tables the serving ones and drop those, in one transaction.

    It does not compare the two: the serving tables are ahead of the log. Raises `RebuildError`
    after `SWAP_PATIENCE_S`.
    """
    _try_until_free(incoming, _try_to_replace)


def _try_until_free(incoming: TableCopy, attempt: Callable[[TableCopy], None]) -> None:
    """Try again while a reader holds a table: no other reader waits longer than one short try."""
    deadline = time.monotonic() + SWAP_PATIENCE_S
    while True:
        try:
            return attempt(incoming)
        except OperationalError as error:
            if meaning(error) is not Meaning.LOCKED:
                raise
            if time.monotonic() > deadline:
                raise RebuildError(
                    f"A query or a worker has held a table of {incoming.projection.name} for"
                    f" {SWAP_PATIENCE_S:g} s: try again, or end the query; nothing is lost"
                ) from error
        time.sleep(random.uniform(0.05, 0.25))  # noqa: S311  not a secret


def _try_to_swap(incoming: TableCopy) -> None:
    with held_at_equal_position(incoming):
        _exchange(incoming)


def _try_to_replace(incoming: TableCopy) -> None:
    with transaction.atomic(using=PROJECTION_ALIAS):
        copy_runner.partitions.lock([incoming.projection.name, incoming.name])
        _exchange(incoming)
        TableCopy(incoming.projection, Slot.RETIRED).drop()


def _exchange(incoming: TableCopy) -> None:
    """Exchange the copy's tables with the serving ones, which are retired then."""
    projection = incoming.projection
    leaving, retired = TableCopy(projection, Slot.LEAVING), TableCopy(projection, Slot.RETIRED)
    with connections[PROJECTION_ALIAS].cursor() as cursor:
        cursor.execute(SWAP_LOCK_TIMEOUT)
        if incoming.slot is not Slot.RETIRED:
            retired.drop()  # here, so that a swap that fails leaves it to go back to
        for copy in (leaving, retired):
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {copy.schema}")
        moves = (
            (SERVING_SCHEMA, projection.name, leaving.schema, leaving.name),
            (incoming.schema, incoming.name, SERVING_SCHEMA, projection.name),
            (leaving.schema, leaving.name, retired.schema, retired.name),
        )
        for from_schema, old_name, to_schema, new_name in moves:
            for table in owned_tables(cursor, projection.name, from_schema):
                cursor.execute(f"ALTER TABLE {from_schema}.{table} SET SCHEMA {to_schema}")
            for model in CONSUMER_STATE:
                rows = model._default_manager.using(PROJECTION_ALIAS).filter(consumer=old_name)
                rows.update(consumer=new_name)
        announce([(projection, ())], using=PROJECTION_ALIAS)
