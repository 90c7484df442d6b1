"""Seal rows whose digest is missing or of an earlier list, in the migration that adds it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from cqrs.adoption.adapter import Adapter, NotAdopted, adapter_of
from cqrs.adoption.comparing import compare
from cqrs.adoption.folding import folded
from cqrs.event_log.digests import seal
from cqrs.event_log.outside import last_events
from cqrs.event_log.store_all import write_all

CHUNK = 1_000


def seal_rows(stream_type: str, model: Any) -> None:
    """Seal, by the latest list, the rows that are as their events say; in chunks, repeatable.

    `model` is that of the migration's state. The others stay, and the next look adopts them.
    """
    adapter, after = adapter_of(stream_type), UUID(int=0)
    latest = max(adapter.model.digest_fields)
    others = model._default_manager.exclude(digest__startswith=f"{latest}:").order_by("pk")
    unsealed = others.values_list("pk", flat=True)
    while ids := list(unsealed.filter(pk__gt=after)[:CHUNK]):
        _seal(adapter, model, ids)
        after = ids[-1]


def _seal(adapter: Adapter[Any], model: Any, ids: Sequence[UUID]) -> None:
    # Before the locks, because streams can be long and commands go on.
    last, states = last_events(adapter.stream_type, ids), folded(adapter, ids).states
    with transaction.atomic():
        found = compare(adapter, ids, lock=True, model=model)
        rows = [
            row
            for key, row in found.rows.items()
            if key in last
            and row.version == last[key].version == found.last[key].version
            and _has_state(adapter, row, states.get(key))
        ]
        for row in rows:
            row.digest = seal(adapter.model.digest_fields, row)
        adapter.derive(rows)
        write_all(rows, *adapter.model.derived_fields, "digest")


def _has_state(adapter: Adapter[Any], row: Any, state: Any) -> bool:
    try:
        return bool(adapter.snapshot(row) == state)
    except NotAdopted:
        return False
