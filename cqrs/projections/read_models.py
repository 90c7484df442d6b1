"""What read models are made of."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class ReadModel(models.Model):
    """What every row of a projection keeps.

    `version` is that of the aggregate, `position` the feed position of the last event folded
    into the row: an event at or before it is in the row already.
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
        # By this name of the type, Django does not add a second index for LIKE.
        return "character varying"


class SearchText(models.Model):
    """What a search for the read row of the same id looks into.

    In a table of its own, because PostgreSQL enters a changed row anew into every index of its
    table, and a trigram index is the dearest to write: names change seldom, statuses often. A row
    is a function of the read row alone, so it has no version or position.
    """

    id = models.UUIDField(primary_key=True)
    search_text = models.TextField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)


def searchable(name: str) -> GinIndex:
    """Index every three letters in a row of `search_text`: any part of it is then found."""
    return GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name=name)
