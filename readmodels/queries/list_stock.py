"""List products with their stock, by the page."""

from typing import ClassVar, Literal

from cqrs.messaging.results import Result
from cqrs.queries.orm_rows import OrmRows
from cqrs.queries.paging import ListQuery, Page, paged
from cqrs.queries.parameters import Search
from readmodels.models import StockReadModel

Ordering = Literal["name", "-name", "available", "-available"]


class ListStock(ListQuery):
    """Products whose stock is tracked, by name unless asked otherwise."""

    permission: ClassVar[str] = "readmodels.view_stock"
    projection: ClassVar[str] = "stock"

    search: Search = ""
    ordering: Ordering = "name"


def list_stock(query: ListStock) -> Result[Page]:
    """Read one page of products; `not_found` past the end."""
    products = StockReadModel.objects.matching(query.search)
    return paged(query, OrmRows(products, query.ordering))
