"""The state of reactions, on `default`, where their work is recorded."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from cqrs.models.consumers import AbstractCheckpoint


class ReactionCheckpoint(AbstractCheckpoint):
    """The checkpoint of a reaction: the events up to it have their work rows."""


class ReactionWork(models.Model):
    """An event that a reaction still has to react to. The row is deleted when it has.

    Each attempt raises `attempts` before it acts. `due_at` is the time of the next attempt; NULL
    means parked: no more automatic attempts. `error` is that of the last attempt that failed.
    """

    reaction = models.CharField(max_length=60)
    position = models.BigIntegerField()
    # The public id. A restored log can give a position twice, and never an id.
    event_id = models.UUIDField()
    stream_type = models.CharField(max_length=40)
    stream_id = models.UUIDField()
    version = models.PositiveIntegerField()
    type = models.CharField(max_length=100)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    error = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = verbose_name_plural = "work of reactions"
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["reaction", "event_id"], name="cqrs_reactionwork_identity"
            )
        ]
        indexes: ClassVar = [
            # The position, because the rows of one hand-over are due at the same time.
            models.Index(fields=["reaction", "due_at", "position"], name="cqrs_reactionwork_due")
        ]

    def __str__(self) -> str:
        return f"{self.reaction} at {self.position}"

    # The names that a parked event has, so that operators see both alike.

    @property
    def consumer(self) -> str:
        return self.reaction

    @property
    def retry_at(self) -> datetime | None:
        return self.due_at

    @property
    def parked_at(self) -> datetime:
        return self.created_at
