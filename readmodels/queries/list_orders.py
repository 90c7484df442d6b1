"""List orders, by the page."""

from uuid import UUID

from cqrs.results import Result
from readmodels.queries.order_filters import OrderFilters, narrowed
from readmodels.queries.paging import Page, paged


class ListOrders(OrderFilters):
    """Orders, the latest first unless asked otherwise."""

    customer_id: UUID | None = None


def list_orders(query: ListOrders) -> Result[Page]:
    """Read one page of orders; `not_found` past the end."""
    return paged(query, narrowed(query).for_customer(query.customer_id))
