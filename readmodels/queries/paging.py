"""What list queries share: the page that was asked for, and the page that is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from django.db.models import F
from django.db.models.expressions import OrderBy
from pydantic import Field

from cqrs.messages import Query
from cqrs.results import Ok, Rejected, Result
from readmodels.specifications import COUNT_CAP, ReadModelQuerySet

MAX_OFFSET = 2**63 - 1  # what PostgreSQL's OFFSET takes


@dataclass(frozen=True, slots=True)
class Document:
    """One stored answer. `body` is JSON, `position` the last event folded into it."""

    body: str
    version: int
    position: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of stored answers. `count` is exact unless `count_capped`."""

    count: int
    count_capped: bool
    page: int
    page_size: int
    has_next: bool
    documents: list[str]


class ListQuery(Query):
    """A question that is answered by the page."""

    page: Annotated[int, Field(ge=1)] = 1
    page_size: Annotated[int, Field(ge=1, le=100)] = 10

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size


def sorted_by(ordering: str, nullable: frozenset[str] = frozenset()) -> list[str | OrderBy]:
    """Return the ordering with its ties by id in the same direction.

    A row without a value comes before all others, so that descending is ascending reversed.
    """
    name = ordering.removeprefix("-")
    descending = ordering != name
    if name not in nullable:
        return [ordering, "-id" if descending else "id"]
    column = F(name)
    if descending:
        return [column.desc(nulls_last=True), "-id"]
    return [column.asc(nulls_first=True), "id"]


def paged(query: ListQuery, found: ReadModelQuerySet) -> Result[Page]:
    """Answer the page of the ordered rows, in one statement, or two when rows follow it.

    Refuses with `not_found` when the page lies past the end; the first page never does.
    """
    documents = _documents(query, found)
    if query.page > 1 and not documents:
        return Rejected("not_found", f"There is no page {query.page}")
    has_next = len(documents) > query.page_size
    known = None if has_next else query.offset + len(documents)
    count = found.capped_count() if known is None else known
    return Ok(
        Page(
            count=min(count, COUNT_CAP),
            count_capped=count > COUNT_CAP,
            page=query.page,
            page_size=query.page_size,
            has_next=has_next,
            documents=documents[: query.page_size],
        )
    )


def _documents(query: ListQuery, found: ReadModelQuerySet) -> list[str]:
    """Return the page's documents and one more, if there is one: it tells that rows follow."""
    if query.offset > MAX_OFFSET - query.page_size:
        return []
    last = query.offset + query.page_size + 1
    return list(found.values_list("document", flat=True)[query.offset : last])


def one(found: ReadModelQuerySet, missing: str) -> Result[Document]:
    """Answer the one row found, or refuse with `not_found`, saying what is missing."""
    row: Mapping[str, Any] | None = found.values("document", "version", "position").first()
    if row is None:
        return Rejected("not_found", missing)
    return Ok(Document(row["document"], row["version"], row["position"]))
