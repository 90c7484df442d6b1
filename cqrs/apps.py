from typing import Any

from django.apps import AppConfig
from django.db import router
from django.db.models.signals import post_migrate


class CqrsConfig(AppConfig):
    name = "cqrs"
    verbose_name = "Event log"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_start_counting, sender=self)


def _start_counting(using: str, **_: Any) -> None:
    """Put the row that counts positions back after `flush`, which empties every table."""
    from cqrs.models import FeedHead

    if router.allow_migrate_model(using, FeedHead):
        FeedHead.objects.using(using).bulk_create([FeedHead()], ignore_conflicts=True)
