from typing import Any

from django.apps import AppConfig
from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.db import router
from django.db.models.signals import post_migrate


class CqrsConfig(AppConfig):
    name = "cqrs"
    verbose_name = "Event log"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_begin, sender=self)


def _begin(using: str, apps: Apps = global_apps, **_: Any) -> None:
    """Make the rows that there must be: also after `flush`, which empties every table.

    The row that counts positions comes first: new reactions start at the position that it holds.
    """
    from cqrs.models import FeedHead
    from cqrs.reactions import start_at_head

    if not router.allow_migrate_model(using, FeedHead):
        return
    # Migrated backwards, there may be neither of the two tables.
    if {"feedhead", "reactioncheckpoint"} <= apps.all_models["cqrs"].keys():
        FeedHead.objects.using(using).bulk_create([FeedHead()], ignore_conflicts=True)
        start_at_head()
