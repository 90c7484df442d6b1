"""List products with their stock, by the page."""

from typing import Annotated, ClassVar, Literal

from django.db.models import Model

from cqrs.messaging.results import Result
from cqrs.queries.filters import FilterBy
from cqrs.queries.filtersets import filtered_rows
from cqrs.queries.orm_rows import OrmRows
from cqrs.queries.pages import Page
from cqrs.queries.paging import ListQuery, paged
from cqrs.queries.parameters import Search
from cqrs.queries.specifications import containing
from readmodels.models import StockReadModel

Ordering = Literal["name", "-name", "available", "-available"]


class ListStock(ListQuery):
    """Products whose stock is tracked, by name unless asked otherwise."""

    permission: ClassVar[str] = "readmodels.view_stock"
    projection: ClassVar[str] = "stock"
    model: ClassVar[type[Model]] = StockReadModel

    search: Annotated[Search, FilterBy(containing)] = ""
    ordering: Ordering = "name"


def list_stock(query: ListStock) -> Result[Page]:
    """Read one page of products; `not_found` past the end."""
    return paged(query, OrmRows(filtered_rows(query), query.ordering))
