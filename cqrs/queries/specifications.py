"""What every read model can be asked: to contain words, and how many rows there are."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

COUNT_CAP = 100_000


@dataclass(frozen=True, slots=True)
class SearchTextContains:
    """Every word is part of the row's text in the search table of whichever model is queried.

    An EXISTS, not an IN: beside `|` and under `~` PostgreSQL would keep all that an IN finds in
    memory, and go through it for every row if it is too much.
    """

    words: tuple[str, ...]
    conditional: ClassVar[bool] = True

    def resolve_expression(self, query: Any, *arguments: Any, **options: Any) -> Any:
        """Look for the words where the model that is queried keeps its texts."""
        found = query.model.search_model.objects.filter(pk=OuterRef("pk"))
        for word in self.words:
            found = found.filter(search_text__contains=word)
        return Exists(found).resolve_expression(query, *arguments, **options)


def containing(*words: str) -> Q:
    """Every word is part of a name, an e-mail address or the id.

    Case does not count, in any language: both sides are casefolded in Python, because what
    `ILIKE` knows of letters depends on the locale that the database was made with.
    """
    return Q(SearchTextContains(tuple(word.casefold() for word in words)))


class ReadModelQuerySet(models.QuerySet[Any]):
    """What all read models can be asked."""

    def satisfying(self, *specifications: Q | None) -> Self:
        """Keep the rows that fulfil all of them; None keeps every row."""
        found = self
        for specification in specifications:
            if specification is not None:
                found = found.filter(specification)
        return found

    def matching(self, search: str) -> Self:
        """Keep the rows that contain every word."""
        words = search.casefold().split()
        return self.satisfying(containing(*words)) if words else self

    def capped_count(self) -> int:
        """Count the rows, but none beyond the first past `COUNT_CAP`."""
        return self.order_by().values("pk")[: COUNT_CAP + 1].count()
