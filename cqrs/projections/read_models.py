"""The base classes and fields of read models."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class ReadModel(models.Model):
    """The columns of every row.

    `version` is that of the aggregate. `position` is the feed position of the last event that was
    folded into the row: events up to it are in the row.
    """

    version = models.PositiveIntegerField()
    position = models.BigIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)


class KeyField(models.CharField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A text key that sorts by its bytes, so that the database and Python agree on the order."""

    def __init__(self, *args: Any, db_collation: str = "C", **kwargs: Any) -> None:
        super().__init__(*args, db_collation=db_collation, **kwargs)

    def db_type(self, connection: Any) -> str:
        # With this name of the type, Django does not add a second index for LIKE.
        return "character varying"


class SearchText(models.Model):
    """The text that a search matches to find the read row with the same id.

    It has a table of its own because PostgreSQL writes a changed row into every index of its table,
    and a trigram index is the most expensive to write: names change seldom, statuses often. A row
    is computed from the read row alone, so it has no version and no position.
    """

    id = models.UUIDField(primary_key=True)
    search_text = models.TextField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)


def searchable(name: str) -> GinIndex:
    """Return a trigram index of `search_text`, which finds any part of the text."""
    return GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name=name)
