"""List a customer's orders, by the page. An unknown customer has none."""

from typing import Annotated
from uuid import UUID

from cqrs.messaging.fields import ServerSet
from cqrs.messaging.results import Result
from cqrs.queries.filters import FilterBy
from cqrs.queries.pages import Page
from cqrs.queries.paging import ListQuery, paged
from readmodels.queries.order_filters import OrderFilters, orders_of
from readmodels.specifications import placed_by


class GetOrdersByCustomer(OrderFilters, ListQuery):
    """A customer's orders, the latest first unless asked otherwise."""

    customer_id: Annotated[UUID, FilterBy(placed_by), ServerSet()]


def get_orders_by_customer(query: GetOrdersByCustomer) -> Result[Page]:
    """Read one page of the customer's orders; `not_found` past the end."""
    return paged(query, orders_of(query))
