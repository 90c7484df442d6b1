"""List orders, by the page."""

from uuid import UUID

from cqrs.messaging.results import Result
from cqrs.queries.paging import ListQuery, Page, paged
from readmodels.queries.order_filters import OrderFilters, orders_of


class ListOrders(OrderFilters, ListQuery):
    """Orders, the latest first unless asked otherwise."""

    customer_id: UUID | None = None

    @property
    def changed_by(self) -> UUID | None:
        return self.customer_id


def list_orders(query: ListOrders) -> Result[Page]:
    """Read one page of orders; `not_found` past the end."""
    return paged(query, orders_of(query, query.customer_id))
