"""The state of reactions, on `default`, where their effects are recorded."""

from typing import ClassVar

from django.db import models

from cqrs.models.consumers import AbstractCheckpoint


class ReactionCheckpoint(AbstractCheckpoint):
    """The checkpoint of a reaction."""


class ReactionFailure(models.Model):
    """An event that a reaction failed on: it is retried at `retry_at`, or parked without one."""

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
