from contextlib import suppress
from typing import Any

from django.apps import AppConfig
from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.core.exceptions import ImproperlyConfigured
from django.db import router
from django.db.models.signals import post_migrate


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

        # Any sender: the apps of the read models are not known here.
        post_migrate.connect(_add_new_columns)
        post_migrate.connect(_mark_tables, sender=self)
        post_migrate.connect(_create_rows, sender=self)
        post_migrate.connect(_adopt_epoch, sender=self)
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


def _adopt_epoch(using: str, **_: Any) -> None:
    """Give a new read database the epoch of the log, so that its reads know the log's tokens."""
    from django.db import OperationalError, ProgrammingError

    from cqrs.database.aliases import PROJECTION_ALIAS
    from cqrs.rebuild.diagnosis import adopt_epoch

    if using == PROJECTION_ALIAS:
        # `default` may not be migrated yet, or not there: then its epoch is 0, or `heal` adopts it.
        with suppress(OperationalError, ProgrammingError):
            adopt_epoch()


def _mark_tables(using: str, **_: Any) -> None:
    """Say in the database to which projection each read table belongs."""
    from cqrs.database.aliases import PROJECTION_ALIAS
    from cqrs.rebuild.owned_tables import mark_serving_tables

    if using == PROJECTION_ALIAS:
        mark_serving_tables()


def _add_new_columns(sender: AppConfig, using: str, plan: Any = (), **_: Any) -> None:
    """Add to copies of read tables the columns that a migration has added to the tables."""
    from cqrs.database.aliases import PROJECTION_ALIAS
    from cqrs.rebuild.table_copies import follow_migration

    if using == PROJECTION_ALIAS and any(each.app_label == sender.label for each, _ in plan):
        follow_migration()
