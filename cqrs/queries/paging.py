"""What list queries share: the page that was asked for, and the page that is answered."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol, Self

import orjson
from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from cqrs.messaging.messages import Query
from cqrs.messaging.results import Ok, Rejected, Result
from cqrs.queries.cursors import Cursor, CursorText, read
from cqrs.queries.results import Results, digest
from cqrs.queries.specifications import COUNT_CAP

MAX_OFFSET = 2**63 - 1  # what PostgreSQL's OFFSET takes


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One stored answer. `body` is JSON, `position` the last event folded into it."""

    body: str
    version: int
    position: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of stored answers. `count` is exact unless `count_capped`.

    A page by cursor has neither count nor number; `next` and `previous` are then the cursors that
    lead on, None where nothing is.
    """

    count: int | None
    count_capped: bool
    page: int | None
    page_size: int
    has_next: bool
    results: Results
    next: Cursor | None = None
    previous: Cursor | None = None

    @property
    def documents(self) -> list[str]:
        return self.results.documents

    @property
    def tag(self) -> str:
        """A fingerprint of all that it says, wherever its links lead."""
        return digest(self._head())

    def pack(self) -> bytes:
        """Return the page as a cache keeps it."""
        return b"%b\n%b" % (self._head(), self.results.body)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        head, _, body = packed.partition(b"\n")
        count, capped, page, size, has_next, following, previous, tag = orjson.loads(head)
        links = _cursor(following), _cursor(previous)
        return cls(count, capped, page, size, has_next, Results(body, tag), *links)

    def _head(self) -> bytes:
        return orjson.dumps(
            [
                self.count,
                self.count_capped,
                self.page,
                self.page_size,
                self.has_next,
                None if self.next is None else str(self.next),
                None if self.previous is None else str(self.previous),
                self.results.tag,
            ]
        )


class RowSource(Protocol):
    """What a list query found, in the order it asked for. Reads no more than it is told to."""

    def at(self, offset: int, limit: int) -> list[str]:
        """Return the documents from an offset on."""

    def beyond(self, cursor: Cursor, limit: int) -> list[tuple[str, Any, Any]]:
        """Return document, sorted value and id of each row from the cursor on, nearest first."""

    def capped_count(self) -> int:
        """Count the rows, but none beyond the first past `COUNT_CAP`."""


class ListQuery(Query):
    """A question that is answered by the page: by its number, or from a cursor on."""

    cache_for_s: ClassVar[float] = 60

    page: Annotated[int, Field(ge=1)] = 1
    page_size: Annotated[int, Field(ge=1, le=100)] = 10
    cursor: Annotated[
        CursorText | None,
        Field(description="Instead of page: empty for the first page, then as next says"),
    ] = None
    ordering: str = ""

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size

    @model_validator(mode="after")
    def _cursor_fits(self) -> Self:
        if self.cursor is not None and "page" in self.model_fields_set:
            raise _wrong_cursor("cursor_and_page", "Give a cursor or a page, not both")
        if self.cursor is not None and self.cursor.ordering not in ("", self.ordering):
            raise _wrong_cursor("cursor_ordering", "The cursor belongs to another ordering")
        return self


def _cursor(text: str | None) -> Cursor | None:
    return None if text is None else read(text)


def paged(query: ListQuery, rows: RowSource) -> Result[Page]:
    """Answer one page of the rows; `not_found` when its number lies past the end."""
    if query.cursor is not None:
        return Ok(_from_cursor(query, query.cursor, rows))
    return _by_number(query, rows)


def _by_number(query: ListQuery, rows: RowSource) -> Result[Page]:
    """Answer in one statement, or in two when rows follow. The first page is always there."""
    size, within = query.page_size, query.offset <= MAX_OFFSET - query.page_size
    # One row more than the page holds tells whether others follow.
    documents = rows.at(query.offset, size + 1) if within else []
    if query.page > 1 and not documents:
        return Rejected("not_found", f"There is no page {query.page}")
    has_next = len(documents) > size
    count = rows.capped_count() if has_next else query.offset + len(documents)
    return Ok(
        Page(
            count=min(count, COUNT_CAP),
            count_capped=count > COUNT_CAP,
            page=query.page,
            page_size=size,
            has_next=has_next,
            results=Results.of(documents[:size]),
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


def _place(query: ListQuery, backward: bool, *row: tuple[str, Any, Any]) -> Cursor:
    """Return the place next to the row; without one, that at the end of the list."""
    return Cursor(query.ordering, backward, row[0][1:] if row else None)


def _wrong_cursor(code: str, remedy: str) -> ValidationError:
    error = InitErrorDetails(type=PydanticCustomError(code, remedy), loc=("cursor",), input=None)
    return ValidationError.from_exception_data("cursor", [error])
