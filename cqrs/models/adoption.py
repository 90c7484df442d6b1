"""Changes of other programs that wait for a person, on `default`."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class ParkedChange(models.Model):
    """A change outside the application that is not adopted, with the reason.

    `stream_id` NULL: all rows of the table. `is_held`: the caller of `park` knows of a change that
    the rows alone do not show; only a person's decision or the rows as they were end it.
    """

    stream_type = models.CharField(max_length=40)
    stream_id = models.UUIDField(null=True)
    reason = models.TextField()
    is_held = models.BooleanField(default=False)
    parked_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["stream_type", "stream_id"], name="cqrs_parkedchange_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stream_type} {self.stream_id or '(all rows)'}: {self.reason}"
