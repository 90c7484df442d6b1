"""The signs of life of workers, of beat and of the sweeps, on `default`."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Heartbeat(models.Model):
    """When a process or a sweep was last known to work. `queue` is empty for beat."""

    kind = models.CharField(max_length=20)
    queue = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "queue", "name"], name="cqrs_heartbeat_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.queue} {self.name}: {self.beat_at}"
