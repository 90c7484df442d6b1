"""List orders, by the page."""

from cqrs.messaging.results import Result
from cqrs.queries.pages import Page
from cqrs.queries.paging import ListQuery, paged
from readmodels.queries.order_filters import OrderFilters, orders_of


class ListOrders(OrderFilters, ListQuery):
    """Orders, the latest first unless asked otherwise."""


def list_orders(query: ListOrders) -> Result[Page]:
    """Read one page of orders; `not_found` past the end."""
    return paged(query, orders_of(query))
