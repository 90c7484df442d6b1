"""Which database a model lives in: the read models on `replica`, everything else on `default`."""

from typing import Any

from django.db.models import Model

from cqrs.aliases import PROJECTION_ALIAS, READ_ALIAS, WRITE_ALIAS

READ_APP = "readmodels"


class ReadModelRouter:
    """Route by app, and refuse relations and migrations across the two databases."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return READ_ALIAS if model._meta.app_label == READ_APP else WRITE_ALIAS

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return PROJECTION_ALIAS if model._meta.app_label == READ_APP else WRITE_ALIAS

    def allow_relation(self, first: Model, second: Model, **hints: Any) -> bool:
        return (first._meta.app_label == READ_APP) == (second._meta.app_label == READ_APP)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == (PROJECTION_ALIAS if app_label == READ_APP else WRITE_ALIAS)
