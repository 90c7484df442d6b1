"""List books, by the page."""

from typing import ClassVar, Literal

from django.db.models import Model

from catalog.models import Book
from cqrs.messaging.results import Result
from cqrs.queries.orm_rows import OrmRows
from cqrs.queries.paging import ListQuery, Page, paged


class ListBooks(ListQuery):
    permission: ClassVar[str] = "catalog.view_books"
    projection: ClassVar[str] = "library_catalog"
    model: ClassVar[type[Model]] = Book

    ordering: Literal["title", "-title"] = "title"


def list_books(query: ListBooks) -> Result[Page]:
    """Read one page of books; `not_found` past the end."""
    return paged(query, OrmRows(Book.objects.all(), query.ordering))
