"""List customers, by the page."""

from typing import Annotated, ClassVar, Literal

from django.db.models import Model

from cqrs.messaging.fields import Boolean
from cqrs.messaging.results import Result
from cqrs.queries.filters import FilterBy
from cqrs.queries.filtersets import filtered_rows
from cqrs.queries.orm_rows import OrmRows
from cqrs.queries.pages import Page
from cqrs.queries.paging import ListQuery, paged
from cqrs.queries.parameters import Search
from cqrs.queries.specifications import containing
from readmodels import specifications
from readmodels.models import CustomerReadModel

Ordering = Literal[
    "registered_at", "-registered_at",
    "name", "-name",
    "order_count", "-order_count",
    "last_order_at", "-last_order_at",
]  # fmt: skip


class ListCustomers(ListQuery):
    """Customers, the latest registered first unless asked otherwise."""

    permission: ClassVar[str] = "readmodels.view_customers"
    projection: ClassVar[str] = "customers"
    model: ClassVar[type[Model]] = CustomerReadModel

    search: Annotated[Search, FilterBy(containing)] = ""
    is_active: Annotated[Boolean | None, FilterBy(specifications.is_active)] = None
    ordering: Ordering = "-registered_at"


def list_customers(query: ListCustomers) -> Result[Page]:
    """Read one page of customers; `not_found` past the end."""
    return paged(query, OrmRows(filtered_rows(query), query.ordering))
