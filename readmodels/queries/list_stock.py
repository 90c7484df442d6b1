"""List products with their stock, by the page."""

from typing import ClassVar, Literal

from cqrs.results import Result
from readmodels.models import StockReadModel
from readmodels.queries.general import General
from readmodels.queries.paging import ListQuery, Page, paged
from readmodels.queries.parameters import Search

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
    return paged(query, General(products, query.ordering))
