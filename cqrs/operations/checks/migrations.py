"""System check of migrations: none may alter a read table that another version still serves.

In a deploy, and after a rollback of the code, processes of two versions read and write one table.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.operations import CreateCollation, CreateExtension, ValidateConstraint
from django.core.checks import CheckMessage, Error, register
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from cqrs.operations.checks.tables import entries

REVIEWED = "read_tables_reviewed"
# RunPython and RunSQL cannot be judged. A subclass is what its base is.
HARMLESS = (
    operations.CreateModel,
    operations.AddIndex,
    operations.RemoveIndex,
    operations.RenameIndex,
    operations.AddConstraint,
    operations.RemoveConstraint,
    operations.AlterConstraint,
    operations.AlterUniqueTogether,
    operations.AlterModelOptions,
    operations.AlterModelManagers,
    operations.AlterModelTableComment,
    operations.RunPython,
    operations.RunSQL,
    CreateCollation,
    CreateExtension,
    ValidateConstraint,
)


@register("cqrs")
def migrations_only_add(**_: Any) -> list[CheckMessage]:
    """Name the migrations of read apps that alter or remove what an older version uses."""
    return [_alters(migration, found) for migration, found in _altering() if found]


def _altering() -> Iterator[tuple[Migration, list[str]]]:
    """Yield each later migration of the read apps, with what it alters."""
    apps = {
        table.model._meta.app_label
        for projection in entries("PROJECTIONS")
        for table in projection.tables
    }
    state = ProjectState()
    for migration in _plan(apps):
        is_judged = migration.app_label in apps and not _is_exempt(migration)
        found = []
        for operation in migration.operations:
            if is_judged and not _only_adds(operation, migration.app_label, state):
                found.append(operation.describe())
            operation.state_forwards(migration.app_label, state)
        yield migration, found


def _plan(apps: set[str]) -> list[Migration]:
    """Return the migrations of these apps, with those that they depend on, in order."""
    graph = MigrationLoader(None, ignore_no_migrations=True).graph
    leaves = [leaf for app in sorted(apps) for leaf in graph.leaf_nodes(app)]
    keys = dict.fromkeys(key for leaf in leaves for key in graph.forwards_plan(leaf))
    return [graph.nodes[key] for key in keys]


def _is_exempt(migration: Migration) -> bool:
    is_first = all(app != migration.app_label for app, _ in migration.dependencies)
    is_initial = is_first if migration.initial is None else migration.initial
    return is_initial or getattr(migration, REVIEWED, False)


def _only_adds(operation: Operation, app: str, state: ProjectState) -> bool:
    match operation:
        case operations.SeparateDatabaseAndState():
            return all(_only_adds(each, app, state) for each in operation.database_operations)
        case operations.AddField():
            return operation.field.null
        case operations.AlterField():
            model = state.models[app, operation.model_name_lower]
            return _only_loosens(model.fields[operation.name], operation.field)
    return isinstance(operation, HARMLESS)


def _only_loosens(before: Any, after: Any) -> bool:
    """Return whether the column stays as it is, or becomes nullable and nothing else."""
    return _column(before) == _column(after) and (after.null or not before.null)


def _column(field: Any) -> tuple[str, list[Any], dict[str, Any]]:
    _, path, arguments, options = field.deconstruct()
    ignored = {*field.non_db_attrs, "null", "default"} - {"db_column"}
    return path, list(arguments), {key: options[key] for key in options.keys() - ignored}


def _alters(migration: Migration, found: list[str]) -> CheckMessage:
    return Error(
        f"{migration.app_label}.{migration.name} alters read tables that another version of a"
        f" projection may still serve: {'; '.join(found)}",
        hint="Add a nullable column instead, write it in a new version of the projection, and"
        " rebuild. Remove a column one version after its last reader. After that review, set"
        f" {REVIEWED} = True in the class Migration.",
        id="cqrs.E014",
    )
