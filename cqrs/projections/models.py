"""The state of projections, on `replica`: checkpoints, parked events, and the log's epoch."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from cqrs import models as kernel


class ProjectionCheckpoint(kernel.AbstractCheckpoint):
    """The checkpoint of a partition, in the database of the rows that it covers.

    `caught_up_at` is when a worker last found the partition at the head of the log. `failure` says
    why the consumer cannot go on; the next success ends it.
    """

    caught_up_at = models.DateTimeField(null=True)
    failure = models.TextField(null=True)  # noqa: DJ001  builds before this column insert rows, too

    class Meta(kernel.AbstractCheckpoint.Meta):
        db_table = "cqrs_projections_checkpoint"
        default_permissions = ()


class Tombstone(models.Model):
    """What stays of a deleted row: the version and the position of the event that deleted it.

    `bucket` is that of the row's partition key. A copy of the table has tombstones of its own.
    """

    consumer = models.CharField(max_length=60)
    table_name = models.CharField(max_length=63)
    key = models.CharField()
    bucket = models.PositiveSmallIntegerField()
    version = models.PositiveIntegerField()
    position = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["consumer", "table_name", "key"],
                name="cqrs_projections_tombstone_identity",
            )
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.key}"


class LogEpoch(models.Model):
    """The one row with the epoch of the log that the read models follow: at first 0.

    Reads compare it with the epoch that a token names, without `default`.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    epoch = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="cqrs_projections_logepoch_single_row")
        ]

    def __str__(self) -> str:
        return str(self.epoch)


class ParkedEvent(kernel.AbstractParkedEvent):
    """An event that a projection could not apply, or that is queued behind one."""

    class Meta(kernel.AbstractParkedEvent.Meta):
        verbose_name = "parked event"
        default_permissions = ()
        permissions: ClassVar = [
            ("view_parked", "Can see parked events"),
            ("handle_parked", "Can retry and discard parked events"),
        ]


class Verification(models.Model):
    """What the last verifications of a projection found, for the metrics.

    `drifts` counts the differences that were not repaired. A sample without any leaves those of an
    earlier one: it has looked elsewhere.
    """

    projection = models.CharField(primary_key=True, max_length=60)
    drifts = models.PositiveIntegerField(default=0)
    sampled_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.projection}: {self.drifts}"


class ChangeOffset(models.Model):
    """How far Debezium's embedded engine has come: its own table, which it empties and fills.

    It inserts without naming columns, so their order matters.
    """

    id = models.CharField(primary_key=True, max_length=36)
    offset_key = models.TextField(null=True)  # noqa: DJ001
    offset_val = models.TextField(null=True)  # noqa: DJ001
    record_insert_ts = models.DateTimeField()
    record_insert_seq = models.IntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.offset_key}: {self.offset_val}"


class CaptureState(models.Model):
    """What the processes of one source of changes last said of themselves.

    `captured_at` is when the newest change that they have handled was committed, `heard_at` when
    they handled it. `scan_due` says that changes may have been missed: rows are to be compared
    with the log once.
    """

    source = models.CharField(primary_key=True, max_length=20)
    state = models.CharField(max_length=20)
    reason = models.TextField(default="")
    since = models.DateTimeField()
    heard_at = models.DateTimeField(null=True)
    captured_at = models.DateTimeField(null=True)
    changes = models.BigIntegerField(default=0)
    scan_due = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.source}: {self.state}"
