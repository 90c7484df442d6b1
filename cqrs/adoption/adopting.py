"""Adopt outside changes: the difference between row and log becomes an event of the stream."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cqrs.adoption.adapter import Adapter, Change, NotAdopted
from cqrs.adoption.comparing import Compared, compare
from cqrs.adoption.folding import folded
from cqrs.adoption.parking import parked_of, replace
from cqrs.database.lock_waits import before_lock
from cqrs.event_log.aggregates import Aggregate
from cqrs.event_log.events import publish
from cqrs.event_log.store_all import store_all
from cqrs.messaging.context import (
    OUTSIDE,
    Context,
    current_context,
    system_context,
    use_context,
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look has found, in aggregates.

    `sealed` had the state that the log says, without a digest that fits: a build that knows no
    digests wrote them. `newer` can only be judged by a newer build.
    """

    adopted: int = 0
    sealed: int = 0
    parked: int = 0
    newer: int = 0

    def __add__(self, other: "Looked") -> "Looked":
        return Looked(
            self.adopted + other.adopted,
            self.sealed + other.sealed,
            self.parked + other.parked,
            self.newer + other.newer,
        )


@dataclass(slots=True)
class _Plan:
    """What becomes of the doubtful aggregates of one transaction."""

    changes: dict[UUID, Change[Any]] = field(default_factory=dict)
    seals: list[UUID] = field(default_factory=list)
    refused: dict[UUID, str] = field(default_factory=dict)
    newer: list[UUID] = field(default_factory=list)


def adopt(adapter: Adapter[Any], ids: Sequence[UUID], *, accept_held: bool) -> Looked:
    """Lock the rows and adopt what does not fit, in the open transaction; harmless to repeat.

    Raises `ChangedOutside` when another look has adopted the same at the same time.
    """
    before_lock(*ids)
    found = compare(adapter, ids, lock=True)
    parked = parked_of(adapter.stream_type, ids)
    held = [] if accept_held else [key for key in found.doubtful if parked.holds(key, found.rows)]
    plan = _plan(adapter, found, [key for key in found.doubtful if key not in held])
    _carry_out(adapter, found, plan)
    still = {key: parked.reasons[key] for key in held if key in parked.reasons}
    replace(adapter.stream_type, parked, {**still, **plan.refused})
    return Looked(
        adopted=len(plan.changes),
        sealed=len(plan.seals),
        parked=len(plan.refused) + len(held),
        newer=len(found.newer) + len(plan.newer),
    )


def _plan(adapter: Adapter[Any], found: Compared, ids: Sequence[UUID]) -> _Plan:
    plan, logged = _Plan(), folded(adapter, ids)
    for key in ids:
        row = found.rows.get(key)
        try:
            if key in logged.unreadable:
                raise NotAdopted(logged.unreadable[key])
            change = Change(key, logged.states.get(key), adapter.snapshot(row) if row else None)
            if change.before == change.after:
                plan.seals += [key] if row else []
            elif key in logged.newer:
                plan.newer.append(key)
            else:
                adapter.check(change)
                plan.changes[key] = change
        except NotAdopted as reason:
            plan.refused[key] = str(reason)
    return plan


def _carry_out(adapter: Adapter[Any], found: Compared, plan: _Plan) -> None:
    """Publish the changes behind their consequences, and write versions and digests."""
    follows = adapter.consequences([*plan.changes.values()])
    for key, reason in follows.refused.items():
        del plan.changes[key]
        plan.refused[key] = reason
    events = [
        (_changed(adapter, found, each), adapter.event(each)) for each in plan.changes.values()
    ]
    for key in plan.seals:
        found.rows[key].version = found.last[key].version
    rows = [found.rows[key] for key in (*plan.changes, *plan.seals) if key in found.rows]
    adapter.derive(rows)
    if events:
        with use_context(_context()):
            publish(*follows.events, *events)
    store_all(rows, *adapter.model.derived_fields)


def _changed(adapter: Adapter[Any], found: Compared, change: Change[Any]) -> Aggregate:
    """Return the aggregate at the version of its event, whatever version the row has."""
    aggregate: Aggregate = found.rows.get(change.aggregate_id) or adapter.aggregate(change)
    last = found.last.get(change.aggregate_id)
    aggregate.version = (last.version if last else 0) + 1
    return aggregate


def _context() -> Context:
    """Return a context without an actor: it is not known who wrote."""
    return system_context(origin=OUTSIDE, correlation_id=current_context().correlation_id)
