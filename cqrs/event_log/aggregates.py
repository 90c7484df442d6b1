"""The base of all aggregates: an id, a version, and a locked load before a change."""

from collections.abc import Collection
from typing import Any, ClassVar, NoReturn, TypeVar
from uuid import UUID

from django.db import models

from cqrs.database.lock_waits import before_lock
from cqrs.event_log import digests, outside
from cqrs.event_log.epoch import read_epoch, with_epoch
from cqrs.messaging.preconditions import ANY, Precondition, holds
from cqrs.messaging.results import FieldError, Refusal, Rejected, reject

Expected = int | Precondition | None
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
    digest_fields: ClassVar[digests.FieldLists] = {}
    """What the digest covers, by the version of the list; empty: rows have no digest."""
    derived_fields: ClassVar[tuple[str, ...]] = ()
    """Columns that follow from others. The digest does not cover them."""

    version = models.PositiveIntegerField(default=0)
    # Of the fields, as the application left them. Dumps do not have it: a row that is loaded from
    # one came from outside. NULL: another program inserted the row.
    digest = models.CharField(null=True, editable=False, serialize=False)  # noqa: DJ001

    class Meta:
        abstract = True

    @property
    def stream_id(self) -> UUID:
        return UUID(str(self.pk))

    @property
    def partition_key(self) -> UUID:
        """Return the key by which events are ordered: one key, one order, across aggregates."""
        return self.stream_id

    @property
    def is_unchanged(self) -> bool:
        """Return whether the loaded row is as the application left it, or has no digest."""
        lists = self.digest_fields
        return not lists or digests.fits(self.digest, lists, self)

    def seal(self) -> None:
        """Let the digest fit: the values are the application's."""
        if self.digest_fields:
            self.digest = digests.seal(self.digest_fields, self)

    def store(
        self, *, force_insert: bool = False, update_fields: Collection[str] | None = None
    ) -> None:
        """Seal and save it: only for a change that is published. `save` alone does not seal."""
        self.seal()
        fields = None if update_fields is None else [*update_fields, "digest"]
        self.save(force_insert=force_insert, update_fields=fields)


A = TypeVar("A", bound=Aggregate)


def load_for_change(model: type[A], pk: UUID, expected: Expected) -> A:
    """Return the aggregate, locked until the transaction ends.

    Refuses with `not_found`, and with `version_conflict` or `lost_past` when its version is not the
    expected one: before any rule about its state is checked. Raises `ChangedOutside`.
    """
    aggregate = find_for_change(model, pk, expected)
    if aggregate is None:
        refuse_missing(model, pk, expected)
    return aggregate


def find_for_change(model: type[A], pk: UUID, expected: Expected) -> A | None:
    """Return the same, or None for one that does not exist, whatever is expected of it.

    A row of version 0 was just inserted.
    """
    before_lock(pk)
    rows = model._default_manager.select_for_update().filter(pk=pk)
    has_tags = isinstance(expected, Precondition)
    with outside.reading(model.stream_type, pk):
        aggregate: Any = (with_epoch(rows) if has_tags else rows).first()
    if aggregate is None:
        return None
    require_unchanged(aggregate)
    is_at = f"is at version {aggregate.version}" if aggregate.version else "does not exist"
    message = f"The {model._meta.verbose_name} {is_at}, which is not what was expected"
    _check(expected, aggregate.version, aggregate.log_epoch if has_tags else 0, message)
    found: A = aggregate
    return found


def require_unchanged(*aggregates: Aggregate) -> None:
    """Raise `ChangedOutside` if any of these rows is not as the application left it.

    They are of one model. Call it for every row that is loaded to be changed or relied on.
    """
    if changed := [each for each in aggregates if not each.is_unchanged]:
        raise outside.ChangedOutside({changed[0].stream_type: [each.stream_id for each in changed]})


def refuse_missing(model: type[Aggregate], pk: UUID, expected: Expected = None) -> NoReturn:
    """Refuse with `not_found`, or `version_conflict` when something must be there (`If-Match: *`).

    Raises `ChangedOutside` when the log knows of no deletion.
    """
    if model.digest_fields:
        outside.require_deletions(model.stream_type, [pk])
    is_required = isinstance(expected, Precondition) and expected.match == ANY
    code = "version_conflict" if is_required else "not_found"
    reject(code, f"There is no {model._meta.verbose_name} {pk}")


def lock_new(model: type[Aggregate], pk: UUID) -> outside.LastEvent:
    """Make transactions queue that would create the same aggregate, under an id from outside.

    A row that does not exist yet cannot be locked, so this takes an advisory lock on its id.
    Returns the end of its stream, which a new aggregate continues.
    """
    return outside.lock_stream(model.stream_type, pk)


def expect_nothing(expected: Expected) -> None:
    """Refuse with `version_conflict` or `lost_past` a creation that expects a version."""
    if not holds(expected, None):
        message = "What is to be created has no version yet: leave If-Match out"
        _check(expected, 0, read_epoch(), message)


def _check(expected: Expected, version: int, epoch: int, message: str) -> None:
    """Refuse, with the message, what is not at the expected version; 0: it does not exist."""
    current = (version, epoch) if version else None
    if isinstance(expected, Precondition) and expected.is_lost(current, epoch):
        raise Refusal(_LOST)
    if not holds(expected, current):
        reject("version_conflict", message)
