"""The base of all aggregates: an id, a version, and a locked load before a change."""

from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db import models

from cqrs.database.lock_waits import before_lock
from cqrs.database.locks import LockSpace, lock
from cqrs.messaging.preconditions import Precondition, holds
from cqrs.messaging.results import reject


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

    Refuses with `not_found`, and with `version_conflict` when its version is not the expected one:
    before any rule about its state is checked. A row of version 0 is one that was just inserted.
    """
    before_lock(pk)
    aggregate: Any = model._default_manager.select_for_update().filter(pk=pk).first()
    if aggregate is None:
        reject("not_found", f"There is no {model._meta.verbose_name} {pk}")
    if not holds(expected, aggregate.version or None):
        is_at = f"is at version {aggregate.version}" if aggregate.version else "does not exist"
        reject(
            "version_conflict",
            f"The {model._meta.verbose_name} {is_at}, which is not what was expected",
        )
    found: A = aggregate
    return found


def lock_new(model: type[Aggregate], pk: UUID) -> None:
    """Make transactions queue that would create the same aggregate, under an id from outside.

    A row that does not exist yet cannot be locked, so this takes an advisory lock on its id.
    """
    before_lock(pk)
    lock(LockSpace.NEW_AGGREGATE, model.stream_type, str(pk))


def expect_nothing(expected: int | Precondition | None) -> None:
    """Refuse with `version_conflict` a creation that expects a version."""
    if not holds(expected, None):
        reject("version_conflict", "What is to be created has no version yet: leave If-Match out")
