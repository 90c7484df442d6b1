"""Show one book. Refuses with `not_found`."""

from typing import Annotated, ClassVar
from uuid import UUID

from catalog.models import Book
from cqrs.messaging.fields import ServerSet
from cqrs.messaging.messages import Query
from cqrs.messaging.results import Result
from cqrs.queries.compiled import document_by_id
from cqrs.queries.pages import StoredDocument


class GetBook(Query):
    permission: ClassVar[str] = "catalog.view_books"
    projection: ClassVar[str] = "library_catalog"

    copy_id: Annotated[UUID, ServerSet()]


def get_book(query: GetBook) -> Result[StoredDocument]:
    """Read the book's document."""
    return document_by_id(Book, query.copy_id, f"There is no book {query.copy_id}")
