"""What the product remembers of its own set-up, on `default`."""

from typing import ClassVar

from django.db import models


class RoleGrant(models.Model):
    """A permission that a role has got once; one that was taken away since is not given again."""

    role = models.CharField(max_length=150)
    permission = models.CharField(max_length=200)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["role", "permission"], name="config_rolegrant_once")
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.permission}"
