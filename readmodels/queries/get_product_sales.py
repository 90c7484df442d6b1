"""Show the sales of each product in each currency, by the page.

Cancelled orders count in no figure. A product that has only cancelled orders is left out.
"""

from typing import ClassVar, Literal

from django.db.models import Model

from cqrs.messaging.results import Result
from cqrs.queries.filtersets import filtered_rows
from cqrs.queries.orm_rows import OrmRows
from cqrs.queries.pages import Page
from cqrs.queries.paging import ListQuery, paged
from readmodels.models import ProductSalesReadModel
from readmodels.specifications import was_sold

Ordering = Literal["revenue", "-revenue", "quantity", "-quantity"]


class GetProductSales(ListQuery):
    """Products with their sales, the highest revenue first unless asked otherwise."""

    permission: ClassVar[str] = "readmodels.view_reports"
    projection: ClassVar[str] = "product_sales"
    model: ClassVar[type[Model]] = ProductSalesReadModel

    ordering: Ordering = "-revenue"


def get_product_sales(query: GetProductSales) -> Result[Page]:
    """Read one page of products; `not_found` past the end."""
    return paged(query, OrmRows(filtered_rows(query).filter(was_sold()), query.ordering))
