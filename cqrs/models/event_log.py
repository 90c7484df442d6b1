"""The event log on `default`: `cqrs_event` has the events, `cqrs_feed` the order to read them in.

A commit can come after the commit of a higher id, so ids alone do not order what a reader may see.
`cqrs_pending` lists the events that are committed but not yet in the feed; the sequencer
(`cqrs/event_log/sequencer.py`) moves them there with contiguous positions.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class EventRecord(models.Model):
    """One event. Rows are only inserted; the unique (stream, version) refuses a lost update."""

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(unique=True)
    stream_type = models.CharField(max_length=40)
    stream_id = models.UUIDField()
    version = models.PositiveIntegerField()
    type = models.CharField(max_length=100)
    schema_version = models.PositiveSmallIntegerField()
    data = models.JSONField()
    metadata = models.JSONField()
    # The key that encrypts personal fields, when there are such keys.
    key_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "cqrs_event"
        constraints: ClassVar = [
            # With the type: imported aggregates of two types can have the same id. The id comes
            # first, so that the index also finds a stream by its id alone.
            models.UniqueConstraint(
                fields=["stream_id", "stream_type", "version"], name="cqrs_event_stream_version"
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="cqrs_event_version_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stream_id} v{self.version}"


class Pending(models.Model):
    """An event without a position. It has its `bucket`, so that sequencing needs no join."""

    event_id = models.BigIntegerField(primary_key=True)
    bucket = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return str(self.event_id)


class Feed(models.Model):
    """The order in which the log is read: contiguous positions from 1, which the sequencer appends.

    `event_id` is the log's primary key, `bucket` (0-255) a hash of the event's partition key.
    """

    position = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    bucket = models.PositiveSmallIntegerField()
    sequenced_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.position}: {self.event_id}"


class FeedHead(models.Model):
    """The one row that counts positions. A trimmed feed would let `max(position)` restart."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)
    # Positions are comparable within one epoch, at first 0. A log that was restored from a backup
    # and has lost events gets another one.
    epoch = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="cqrs_feedhead_single_row")
        ]

    def __str__(self) -> str:
        return str(self.position)
