"""What projections keep of themselves: how far they are, and what they could not apply."""

from typing import ClassVar

from django.db import models

from cqrs import models as kernel


class ProjectionCheckpoint(kernel.AbstractCheckpoint):
    """How far a partition of a projection has come, beside the rows that it accounts for.

    `caught_up_at`: when a worker last saw it level with the log.
    """

    caught_up_at = models.DateTimeField(null=True)

    class Meta(kernel.AbstractCheckpoint.Meta):
        db_table = "cqrs_projections_checkpoint"
        default_permissions = ()


class ParkedEvent(kernel.AbstractParkedEvent):
    """An event that a projection could not apply, or that waits behind such a one."""

    class Meta(kernel.AbstractParkedEvent.Meta):
        verbose_name = "parked event"
        default_permissions = ()
        permissions: ClassVar = [
            ("view_parked", "Can see parked events"),
            ("handle_parked", "Can retry and discard parked events"),
        ]
