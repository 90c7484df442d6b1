"""Route each model to its database: read models to `replica`, all others to `default`."""

from typing import Any, ClassVar

from django.db.models import Model

from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS, WRITE_ALIAS

KERNEL_READ_APPS = frozenset({"cqrs_projections"})


class ReadSideRouter:
    """Routes by app, and refuses relations and migrations across the two databases.

    A project lists its apps with read models in a subclass, and names it in `DATABASE_ROUTERS`.
    """

    read_apps: ClassVar[frozenset[str]] = frozenset()

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return READ_ALIAS if self._is_read_side(model._meta.app_label) else WRITE_ALIAS

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return PROJECTION_ALIAS if self._is_read_side(model._meta.app_label) else WRITE_ALIAS

    def allow_relation(self, first: Model, second: Model, **hints: Any) -> bool:
        return self._is_read_side(first._meta.app_label) == self._is_read_side(
            second._meta.app_label
        )

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == (PROJECTION_ALIAS if self._is_read_side(app_label) else WRITE_ALIAS)

    def _is_read_side(self, app_label: str) -> bool:
        return app_label in self.read_apps | KERNEL_READ_APPS
