from typing import Any

from django.apps import AppConfig
from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.core.exceptions import ImproperlyConfigured
from django.db import router
from django.db.models.signals import post_migrate, pre_migrate


class CqrsConfig(AppConfig):
    name = "cqrs"
    verbose_name = "Event log"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if not global_apps.is_installed("cqrs.projections"):
            raise ImproperlyConfigured("INSTALLED_APPS has 'cqrs', but not 'cqrs.projections'")

        from cqrs.caching.answer_cache import answer_cache
        from cqrs.notifications.publisher import publisher
        from cqrs.operations import checks  # noqa: F401  registers them

        # The sender is the app of the checkpoints, because it is migrated on the read side.
        pre_migrate.connect(_drop_copies, sender=global_apps.get_app_config("cqrs_projections"))
        post_migrate.connect(_create_rows, sender=self)
        answer_cache.connect()
        publisher.connect()


def _create_rows(using: str, apps: Apps = global_apps, **_: Any) -> None:
    """Create the rows that the kernel needs: also after `flush`, which empties every table.

    The head of the feed comes first, because new reactions start at its position.
    """
    from cqrs.models import FeedHead
    from cqrs.reactions.handover import start_at_head

    if not router.allow_migrate_model(using, FeedHead):
        return
    # After a migration backwards, the tables may not exist.
    if {"feedhead", "reactioncheckpoint"} <= apps.all_models["cqrs"].keys():
        FeedHead.objects.using(using).bulk_create([FeedHead()], ignore_conflicts=True)
        start_at_head()


def _drop_copies(using: str, plan: Any = (), **_: Any) -> None:
    """Drop copies of read tables before a migration that changes the tables they copy."""
    from cqrs.database.aliases import PROJECTION_ALIAS
    from cqrs.projections.registry import projections
    from cqrs.rebuild.table_copies import drop_all_copies

    migrated = {migration.app_label for migration, _ in plan}
    copied = {table.model._meta.app_label for each in projections() for table in each.tables}
    if using == PROJECTION_ALIAS and migrated & copied:
        drop_all_copies()
