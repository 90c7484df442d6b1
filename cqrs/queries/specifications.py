"""Specifications: functions from a value to a condition (`Q`) that rows fulfil.

They combine with `&`, `|` and `~`, and a queryset's `filter` takes them. A parameter of a list
query names the one that it applies (`cqrs.queries.filters.FilterBy`):

>>> def priced_from(least: int) -> Q:
...     return Q(price__gte=least)
>>> def in_color(*colors: str) -> Q:
...     return Q(color__in=colors)
>>> priced_from(10) & ~in_color("red", "blue")
<Q: (AND: ('price__gte', 10), (NOT (AND: ('color__in', ('red', 'blue')))))>
>>> priced_from(10) | containing("red lamp")
<Q: (OR: ('price__gte', 10), SearchTextContains(words=('red', 'lamp')))>
"""

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from cqrs.messaging.caseless import spellings

COUNT_CAP = 100_000


@dataclass(frozen=True, slots=True)
class SearchTextContains:
    """Every word is part of the row's text in the search table of the model that is queried.

    An EXISTS, not an IN: beside `|` and under `~` PostgreSQL would hold all that an IN finds in
    memory, and go through it for every row if it is too much.
    """

    words: tuple[str, ...]
    conditional: ClassVar[bool] = True

    def resolve_expression(self, query: Any, *arguments: Any, **options: Any) -> Any:
        """Look for the words in the `search_model` of the queried model."""
        if not self.words:
            return Value(True)
        found = query.model.search_model.objects.filter(pk=OuterRef("pk"))
        for word in self.words:
            found = found.filter(_in_any_spelling(word))
        return Exists(found).resolve_expression(query, *arguments, **options)


def _in_any_spelling(word: str) -> Q:
    return reduce(or_, (Q(search_text__contains=form) for form in spellings(word)))


def containing(text: str) -> Q:
    """Every word of the text is part of the row's search text.

    Case does not count, in any language: both sides are casefolded in Python, because what
    `ILIKE` knows of letters depends on the database's locale. Neither does the Unicode form: the
    row's text is as it was written, so the word is looked for in both forms.
    """
    return Q(SearchTextContains(tuple(text.casefold().split())))


def capped_count(rows: QuerySet[Any]) -> int:
    """Count the rows, but none beyond the first past `COUNT_CAP`."""
    return rows.order_by().values("pk")[: COUNT_CAP + 1].count()
