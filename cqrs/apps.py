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

        from cqrs.caching import behavior as caching
        from cqrs.notifications import listener
        from cqrs.operations import checks  # noqa: F401  registers them

        # For the app of the checkpoints, because it is migrated on the read side.
        pre_migrate.connect(_drop_copies, sender=global_apps.get_app_config("cqrs_projections"))
        post_migrate.connect(_begin, sender=self)
        caching.connect()
        listener.connect()


def _begin(using: str, apps: Apps = global_apps, **_: Any) -> None:
    """Make the rows that there must be: also after `flush`, which empties every table.

    The row that counts positions comes first: new reactions start at the position that it holds.
    """
    from cqrs.models import FeedHead
    from cqrs.reactions.reactions import start_at_head

    if not router.allow_migrate_model(using, FeedHead):
        return
    # Migrated backwards, there may be neither of the two tables.
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
