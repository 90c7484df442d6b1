"""`manage.py check` names a migration that alters a read table under an older version."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from tests.support.system_checks import found

INITIAL = """
from django.db import migrations, models

class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Book", [
            ("id", models.UUIDField(primary_key=True)),
            ("title", models.CharField(max_length=20)),
            ("shelf", models.IntegerField(null=True)),
        ]),
        migrations.AddField("Book", "place", models.IntegerField(default=0)),
    ]
"""
LATER = """
from django.contrib.postgres.operations import BtreeGinExtension
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("readmodels", "0001_initial")]
    read_tables_reviewed = {reviewed}
    operations = [{operations}]
"""
HINT = (
    "Add a nullable column instead, write it in a new version of the projection, and rebuild."
    " Remove a column one version after its last reader. After that review, set"
    " read_tables_reviewed = True in the class Migration."
)
Checked = Callable[..., list[tuple[str, str, str | None]]]


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checked:
    """Return a function that checks the read side with an initial migration and a later one."""

    def check(*operations: str, reviewed: bool = False) -> Any:
        package = f"migrations_{tmp_path.name}"  # a name of its own, because modules stay imported
        folder = tmp_path / package
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "0001_initial.py").write_text(INITIAL)
        later = LATER.format(operations=", ".join(operations), reviewed=reviewed)
        (folder / "0002_later.py").write_text(later)
        monkeypatch.syspath_prepend(tmp_path)
        with override_settings(MIGRATION_MODULES={"readmodels": package}):
            return found()

    return check


class TestLaterMigration:
    @pytest.mark.parametrize(
        "operation",
        [
            'migrations.CreateModel("Copy", [("id", models.UUIDField(primary_key=True))])',
            'migrations.AddField("Book", "isbn", models.CharField(max_length=20, null=True))',
            'migrations.AlterField("Book", "title", models.CharField(max_length=20, null=True))',
            'migrations.AlterField("Book", "title", models.CharField("a", max_length=20))',
            'migrations.AddIndex("Book", models.Index(fields=["title"], name="by_title"))',
            'migrations.AlterModelOptions("Book", {"verbose_name": "volume"})',
            "migrations.SeparateDatabaseAndState("
            'state_operations=[migrations.RemoveField("Book", "shelf")])',
            "migrations.RunPython(migrations.RunPython.noop)",
            'migrations.RunSQL("SELECT 1")',
            "BtreeGinExtension()",
        ],
    )
    def test_may_add(self, checked: Checked, operation: str) -> None:
        assert checked(operation) == []

    @pytest.mark.parametrize(
        ("operation", "described"),
        [
            ('RemoveField("Book", "shelf")', "Remove field shelf from Book"),
            ('RenameField("Book", "shelf", "board")', "Rename field shelf on Book to board"),
            ('AddField("Book", "isbn", models.IntegerField(default=0))', "Add field isbn to Book"),
            ('AlterField("Book", "shelf", models.IntegerField())', "Alter field shelf on Book"),
            (
                'AlterField("Book", "shelf", models.BigIntegerField(null=True))',
                "Alter field shelf on Book",
            ),
            (
                'AlterField("Book", "shelf", models.IntegerField(null=True, db_column="board"))',
                "Alter field shelf on Book",
            ),
            ('DeleteModel("Book")', "Delete model Book"),
            ('AlterModelTable("Book", "volume")', "Rename table for Book to volume"),
            (
                'SeparateDatabaseAndState([migrations.RemoveField("Book", "shelf")])',
                "Custom state/database change combination",
            ),
        ],
    )
    def test_may_not_alter(self, checked: Checked, operation: str, described: str) -> None:
        assert checked(f"migrations.{operation}") == [
            (
                "cqrs.E014",
                "readmodels.0002_later alters read tables that another version of a projection may"
                f" still serve: {described}",
                HINT,
            )
        ]

    def test_is_named_once_with_all_that_it_alters(self, checked: Checked) -> None:
        [(_, text, _)] = checked(
            'migrations.AlterField("Book", "title", models.CharField(max_length=20, null=True))',
            'migrations.RemoveField("Book", "shelf")',
            'migrations.RemoveField("Book", "title")',
        )
        assert text.endswith(": Remove field shelf from Book; Remove field title from Book")

    def test_may_remove_a_column_after_a_review(self, checked: Checked) -> None:
        assert checked('migrations.RemoveField("Book", "shelf")', reviewed=True) == []
