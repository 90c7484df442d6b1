"""List books, by the page."""

from typing import Annotated, ClassVar, Literal

from django.db.models import Model, Q

from catalog.models import Book
from cqrs.messaging.results import Result
from cqrs.queries.filters import FilterBy
from cqrs.queries.filtersets import filtered_rows
from cqrs.queries.orm_rows import OrmRows
from cqrs.queries.pages import Page
from cqrs.queries.paging import ListQuery, paged


def is_lent(lent: bool) -> Q:
    return Q(is_lent=lent)


class ListBooks(ListQuery):
    permission: ClassVar[str] = "catalog.view_books"
    projection: ClassVar[str] = "library_catalog"
    model: ClassVar[type[Model]] = Book

    lent: Annotated[bool | None, FilterBy(is_lent)] = None
    ordering: Literal["title", "-title"] = "title"


def list_books(query: ListBooks) -> Result[Page]:
    """Read one page of books; `not_found` past the end."""
    return paged(query, OrmRows(filtered_rows(query), query.ordering))
