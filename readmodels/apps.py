from typing import Any

from django.apps import AppConfig
from django.db.models.signals import pre_migrate

from cqrs.aliases import PROJECTION_ALIAS


class ReadModelsConfig(AppConfig):
    name = "readmodels"
    verbose_name = "Read models"

    def ready(self) -> None:
        from readmodels import caching, checks, receivers, wakeups  # noqa: F401  registers the checks

        receivers.connect()
        caching.connect()
        wakeups.connect()
        pre_migrate.connect(_discard_copies, sender=self)


def _discard_copies(using: str, plan: Any = (), **_: Any) -> None:
    from readmodels.builds import discard_all

    changes = any(migration.app_label == ReadModelsConfig.name for migration, _ in plan)
    if using == PROJECTION_ALIAS and changes:
        discard_all()
