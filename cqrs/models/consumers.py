"""The state of consumers: checkpoints and parked events, each in the database of the effects."""

from typing import ClassVar

from django.db import models


class AbstractCheckpoint(models.Model):
    """The checkpoint of one partition of a consumer.

    Every event of the partition up to and including `position` has taken effect exactly once: the
    concrete model is in the database of the effects, and is saved in their transaction.
    """

    consumer = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField()
    partition = models.PositiveSmallIntegerField()
    partitions = models.PositiveSmallIntegerField()
    position = models.BigIntegerField(default=0)
    # The event at that position: a log that was restored from a backup gives the position to
    # another one. NULL at 0, and in a row of an earlier build until it moves.
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
    """A pointer to an event that a consumer could not apply, or that is queued behind one.

    The first one of an aggregate is the one that failed: it has the error, and `retry_at` until its
    attempts are used up. It is a pointer and not a copy, so that fixed code and upcasters apply.
    The concrete model is in the database of the effects, and is saved in their transaction.
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
