"""The event log on `default`: `cqrs_event` holds what happened, `cqrs_feed` its reading order.

A commit can come after that of a higher id, so ids alone do not order what a reader may see.
`cqrs_pending` names the events that are committed but not yet in the feed; the sequencer
(`cqrs/event_log/sequencer.py`) moves them there with contiguous positions.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class EventRecord(models.Model):
    """One thing that happened. Only ever inserted; the unique (stream, version) is the backstop."""

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(unique=True)
    stream_type = models.CharField(max_length=40)
    stream_id = models.UUIDField()
    version = models.PositiveIntegerField()
    type = models.CharField(max_length=100)
    schema_version = models.PositiveSmallIntegerField()
    data = models.JSONField()
    metadata = models.JSONField()
    # Names the key that personal fields are encrypted with, once there are such keys.
    key_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "cqrs_event"
        constraints: ClassVar = [
            # With the type: aggregates of two types may have one id, as imports give them. The id
            # comes first, so that the index also finds a stream by its id alone.
            models.UniqueConstraint(
                fields=["stream_id", "stream_type", "version"], name="cqrs_event_stream_version"
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="cqrs_event_version_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stream_id} v{self.version}"


class Pending(models.Model):
    """An event that has no position yet. `bucket` travels along so that moving needs no join."""

    event_id = models.BigIntegerField(primary_key=True)
    bucket = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return str(self.event_id)


class Feed(models.Model):
    """The log's reading order: contiguous positions from 1, appended by the sequencer alone.

    `event_id` is the log's primary key, `bucket` (0-255) a hash of the event's partition key.
    """

    position = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    bucket = models.PositiveSmallIntegerField()
    sequenced_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.position}: {self.event_id}"


class FeedHead(models.Model):
    """The one row that counts positions. `max(position)` would restart once `feed` is trimmed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)
    # Which past the positions belong to: a log that has lost a part gets another (0 before that).
    epoch = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="cqrs_feedhead_single_row")
        ]

    def __str__(self) -> str:
        return str(self.position)


class IdempotentAnswer(models.Model):
    """The answer to a message that came with an idempotency key, kept for a day.

    `answer` is `{"ok": state}` or `{"code", "message"}`; `fingerprint` the SHA-256 of what was
    asked.
    """

    actor = models.CharField(max_length=150)
    command = models.CharField(max_length=60)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    answer = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "cqrs_idempotency"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["actor", "command", "key"], name="cqrs_idempotency_scope"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="cqrs_idempotency_expiry")]

    def __str__(self) -> str:
        return f"{self.command} {self.key}"


class AbstractCheckpoint(models.Model):
    """How far a consumer has come. Concrete where its effect lives, saved in the same transaction.

    Every event of the partition up to and including `position` has taken effect exactly once.
    """

    consumer = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField()
    partition = models.PositiveSmallIntegerField()
    partitions = models.PositiveSmallIntegerField()
    position = models.BigIntegerField(default=0)
    # The event at that position: a log that was restored gives the number again, but not the id.
    event_id = models.UUIDField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["consumer", "version", "partition"], name="%(app_label)s_%(class)s_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.consumer} v{self.version} #{self.partition}: {self.position}"


class AbstractParkedEvent(models.Model):
    """A pointer to an event that a consumer could not apply, or that waits behind such a one.

    The first of its aggregate is the one that failed: it carries the error, and `retry_at` until
    its attempts are used up. A pointer and no copy, so that fixed code and upcasters apply.
    Concrete where the consumer's effect lives, so that it goes in the effect's transaction.
    """

    consumer = models.CharField(max_length=60)
    position = models.BigIntegerField()
    bucket = models.PositiveSmallIntegerField()
    event_id = models.UUIDField()
    stream_type = models.CharField(max_length=40)
    stream_id = models.UUIDField()
    version = models.PositiveIntegerField()
    type = models.CharField(max_length=100)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    error = models.TextField(default="")
    parked_at = models.DateTimeField()

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["consumer", "position"], name="%(app_label)s_%(class)s_identity"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["consumer", "stream_id", "stream_type"], name="%(class)s_stream"),
        ]

    def __str__(self) -> str:
        return f"{self.consumer} at {self.position}"


class ReactionCheckpoint(AbstractCheckpoint):
    """How far a reaction has come."""


class ReactionFailure(models.Model):
    """An event that a reaction failed on: due again at `retry_at`, or parked without one."""

    reaction = models.CharField(max_length=60)
    position = models.BigIntegerField()
    event_id = models.UUIDField()
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    error = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["reaction", "position"], name="cqrs_reactionfailure_identity"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["reaction", "retry_at"], name="cqrs_reactionfailure_due")
        ]

    def __str__(self) -> str:
        return f"{self.reaction} at {self.position}"
