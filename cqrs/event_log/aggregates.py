"""The base of all aggregates: an id, a version, and a locked load before a change."""

from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db import models

from cqrs.database.lock_waits import before_lock
from cqrs.database.locks import LockSpace, lock
from cqrs.event_log.epoch import read_epoch, with_epoch
from cqrs.messaging.preconditions import Precondition, holds
from cqrs.messaging.results import FieldError, Refusal, Rejected, reject

_LOST = Rejected(
    "lost_past",
    "The log has lost a part of its past, and If-Match is of it: read again",
    (FieldError("If-Match", "lost_past", "It is of a past that is lost"),),
)


class Aggregate(models.Model):
    """A consistency boundary on `default`. Its methods return the events of their change, or raise.

    `version` counts the changes from 1 and is the version of the event that the change caused.
    """

    stream_type: ClassVar[str]

    version = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

    @property
    def stream_id(self) -> UUID:
        return UUID(str(self.pk))

    @property
    def partition_key(self) -> UUID:
        """Return the key by which events are ordered: one key, one order, across aggregates."""
        return self.stream_id


A = TypeVar("A", bound=Aggregate)


def load_for_change(model: type[A], pk: UUID, expected: int | Precondition | None) -> A:
    """Return the aggregate, locked until the transaction ends.

    Refuses with `not_found`, and with `version_conflict` or `lost_past` when its version is not the
    expected one: before any rule about its state is checked. A row of version 0 was just inserted.
    """
    before_lock(pk)
    rows = model._default_manager.select_for_update().filter(pk=pk)
    has_tags = isinstance(expected, Precondition)
    aggregate: Any = (with_epoch(rows) if has_tags else rows).first()
    if aggregate is None:
        reject("not_found", f"There is no {model._meta.verbose_name} {pk}")
    is_at = f"is at version {aggregate.version}" if aggregate.version else "does not exist"
    message = f"The {model._meta.verbose_name} {is_at}, which is not what was expected"
    _check(expected, aggregate.version, aggregate.log_epoch if has_tags else 0, message)
    found: A = aggregate
    return found


def lock_new(model: type[Aggregate], pk: UUID) -> None:
    """Make transactions queue that would create the same aggregate, under an id from outside.

    A row that does not exist yet cannot be locked, so this takes an advisory lock on its id.
    """
    before_lock(pk)
    lock(LockSpace.NEW_AGGREGATE, model.stream_type, str(pk))


def expect_nothing(expected: int | Precondition | None) -> None:
    """Refuse with `version_conflict` or `lost_past` a creation that expects a version."""
    if not holds(expected, None):
        message = "What is to be created has no version yet: leave If-Match out"
        _check(expected, 0, read_epoch(), message)


def _check(expected: int | Precondition | None, version: int, epoch: int, message: str) -> None:
    """Refuse, with the message, what is not at the expected version; 0: it does not exist."""
    current = (version, epoch) if version else None
    if isinstance(expected, Precondition) and expected.is_lost(current, epoch):
        raise Refusal(_LOST)
    if not holds(expected, current):
        reject("version_conflict", message)
