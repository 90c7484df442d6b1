"""Back to an earlier migration, and forth again."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate(app: str, name: str) -> None:
    MigrationExecutor(connection).migrate([(app, name)])


def migrate_to_the_latest(*apps: str) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([leaf for app in apps for leaf in executor.loader.graph.leaf_nodes(app)])
