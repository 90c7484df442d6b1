"""List customers, by the page."""

from typing import ClassVar, Literal

from cqrs.messaging.results import Result
from cqrs.queries.orm_rows import OrmRows
from cqrs.queries.paging import ListQuery, Page, paged
from cqrs.queries.parameters import Search
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

    search: Search = ""
    is_active: bool | None = None
    ordering: Ordering = "-registered_at"


def list_customers(query: ListCustomers) -> Result[Page]:
    """Read one page of customers; `not_found` past the end."""
    customers = CustomerReadModel.objects.active(query.is_active).matching(query.search)
    return paged(query, OrmRows(customers, query.ordering))
