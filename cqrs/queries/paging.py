"""Lists by the page: the query that asks for a page, and the page that answers it.

A project declares a list as a message with its read model, its filters and its orderings:

>>> from typing import Annotated, Literal
>>> from django.contrib.auth.models import User
>>> from django.db.models import Q
>>> from cqrs.queries.filters import FilterBy
>>> def is_active(active: bool) -> Q:
...     return Q(is_active=active)
>>> class ListUsers(ListQuery):
...     permission = "auth.view_user"
...     projection = "users"
...     model = User
...     active: Annotated[bool | None, FilterBy(is_active)] = None
...     ordering: Literal["username", "-username"] = "username"
>>> query = ListUsers.model_validate({"active": "true", "page": "3"})
>>> query.active, query.offset, query.page_size
(True, 20, 10)

Its handler is `return paged(query, OrmRows(filtered_rows(query), query.ordering))`.
"""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Protocol, Self

import orjson
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from cqrs.messaging.fields import reads_whole_number
from cqrs.messaging.results import Ok, Rejected, Result
from cqrs.queries.cursors import Cursor, CursorText, read
from cqrs.queries.filters import FilteredQuery, given_filters
from cqrs.queries.pages import Page
from cqrs.queries.results import Results, digest
from cqrs.queries.specifications import COUNT_CAP

START = Cursor()
MAX_OFFSET = 2**63 - 1  # what PostgreSQL's OFFSET takes


def _no_default(schema: dict[str, Any]) -> None:
    # A generated client would send it, and beside a cursor it is refused.
    schema.pop("default", None)


class RowSource(Protocol):
    """The rows of a list query in its ordering. Each method reads only what it needs."""

    def page(self, offset: int, size: int) -> tuple[list[str], int | None]:
        """Return up to `size` documents from an offset on, and the number of all rows.

        The number is None when no row follows these, and `COUNT_CAP` + 1 when there are more.
        """

    def beyond(self, cursor: Cursor, limit: int) -> list[tuple[str, Any, Any]]:
        """Return document, sorted value and primary key of each row from the cursor on."""


class ListQuery(FilteredQuery):
    """A query that is answered by the page: by its number, or from a cursor on."""

    cache_for_s: ClassVar[float] = 60

    page: Annotated[int, Field(ge=1, json_schema_extra=_no_default), reads_whole_number] = 1
    page_size: Annotated[int, Field(ge=1, le=100), reads_whole_number] = 10
    cursor: Annotated[
        CursorText | None,
        Field(description="Instead of page: empty for the first page, then as next says"),
    ] = None
    ordering: str = ""

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size

    @property
    def scope(self) -> str:
        """Return a fingerprint of the list and its filters, to which a cursor is bound."""
        values = vars(self)
        given = [(name, values[name]) for name in sorted(given_filters(self))]
        return digest(orjson.dumps([type(self).__name__, given], default=_canonical))

    @field_validator("cursor", mode="before")
    @classmethod
    def _read_cursor(cls, value: Any) -> Cursor | None:
        return None if value is None else read(value, cls.model)

    @model_validator(mode="after")
    def _cursor_fits(self) -> Self:
        if self.cursor is not None and "page" in self.model_fields_set:
            raise _wrong_cursor("cursor_and_page", "Give a cursor or a page, not both")
        if self.cursor is not None and self.cursor.ordering not in ("", self.ordering):
            raise _wrong_cursor("cursor_ordering", "The cursor belongs to another ordering")
        if self.cursor not in (None, START) and self.cursor.scope != self.scope:
            raise _wrong_cursor("cursor_list", "The cursor belongs to another list or filter")
        return self


def _canonical(value: Any) -> str:
    """Return the text of a number, which is the same for 1.0 and 1.00."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def paged(query: ListQuery, rows: RowSource) -> Result[Page]:
    """Answer one page of the rows; `not_found` when its number lies past the end."""
    if query.cursor is not None:
        return Ok(_from_cursor(query, query.cursor, rows))
    return _by_number(query, rows)


def _by_number(query: ListQuery, rows: RowSource) -> Result[Page]:
    """Answer a page. The first one is always there."""
    size, within = query.page_size, query.offset <= MAX_OFFSET - query.page_size
    documents, number = rows.page(query.offset, size) if within else ([], None)
    if query.page > 1 and not documents:
        return Rejected("not_found", f"There is no page {query.page}")
    count = query.offset + len(documents) if number is None else number
    return Ok(
        Page(
            count=min(count, COUNT_CAP),
            count_capped=count > COUNT_CAP,
            page=query.page,
            page_size=size,
            has_next=number is not None,
            results=Results.of(documents),
        )
    )


def _from_cursor(query: ListQuery, cursor: Cursor, rows: RowSource) -> Page:
    """Answer in one statement, however far from the beginning."""
    size, backward = query.page_size, cursor.backward
    rows_read = rows.beyond(cursor, size + 1)
    found = rows_read[:size]
    onward = _place(query, backward, found[-1]) if len(rows_read) > size else None
    back = None if cursor.key is None else _place(query, not backward, *found[:1])
    ahead, behind = (back, onward) if backward else (onward, back)
    documents = [document for document, _, _ in (reversed(found) if backward else found)]
    results = Results.of(documents)
    return Page(None, False, None, size, ahead is not None, results, ahead, behind)


def _place(query: ListQuery, backward: bool, *row: tuple[str, Any, Any]) -> str:
    """Return the place next to the row; without one, that at the end of the list."""
    return str(Cursor(query.ordering, backward, row[0][1:] if row else None, query.scope))


def _wrong_cursor(code: str, remedy: str) -> ValidationError:
    error = InitErrorDetails(type=PydanticCustomError(code, remedy), loc=("cursor",), input=None)
    return ValidationError.from_exception_data("cursor", [error])
