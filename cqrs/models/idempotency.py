"""The stored answers of commands with an idempotency key, on `default`."""

from typing import ClassVar

from django.db import models


class IdempotentAnswer(models.Model):
    """The answer to a command with an idempotency key, stored for a day.

    `answer` is `{"ok": state}` or `{"code", "message"}`; `fingerprint` is the SHA-256 of the
    command's payload.
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
