"""What all lists of orders can be narrowed and ordered by."""

from typing import ClassVar, Literal

from cqrs.currencies import Currency
from readmodels.models import OrderReadModel
from readmodels.queries.paging import ListQuery, sorted_by
from readmodels.queries.parameters import (
    Amount,
    Moment,
    Search,
    Statuses,
    first_of,
    last_of,
)
from readmodels.specifications import OrderQuerySet

Ordering = Literal[
    "order_date", "-order_date",
    "total_amount", "-total_amount",
    "status", "-status",
    "customer_name", "-customer_name",
]  # fmt: skip


class OrderFilters(ListQuery):
    """The parameters. Dates are UTC days with both ends included; a timestamp is taken exactly."""

    permission: ClassVar[str] = "readmodels.view_orders"
    projection: ClassVar[str] = "orders"

    status: Statuses = ()
    currency: Currency | None = None
    from_date: Moment | None = None
    to_date: Moment | None = None
    min_total: Amount | None = None
    max_total: Amount | None = None
    search: Search = ""
    ordering: Ordering = "-order_date"


def narrowed(query: OrderFilters) -> OrderQuerySet:
    """Return the orders that pass the filters, in the order asked for."""
    orders: OrderQuerySet = OrderReadModel.objects.with_status(query.status)
    return (
        orders.in_currency(query.currency)
        .placed_between(first_of(query.from_date), last_of(query.to_date))
        .totalling(query.min_total, query.max_total)
        .matching(query.search)
        .order_by(*sorted_by(query.ordering))
    )
