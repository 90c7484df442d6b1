"""Which database a model lives in: the read models on `replica`, everything else on `default`."""

from typing import Any

from django.db.models import Model

READ_APP = "readmodels"
READ_ALIAS = "replica"
WRITE_ALIAS = "default"


class ReadModelRouter:
    """Route by app, and refuse relations and migrations across the two databases."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return _alias(model._meta.app_label)

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return _alias(model._meta.app_label)

    def allow_relation(self, first: Model, second: Model, **hints: Any) -> bool:
        return _alias(first._meta.app_label) == _alias(second._meta.app_label)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == _alias(app_label)


def _alias(app_label: str) -> str:
    return READ_ALIAS if app_label == READ_APP else WRITE_ALIAS
