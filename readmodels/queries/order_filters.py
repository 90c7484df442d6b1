"""What all lists of orders can be narrowed and ordered by, and which way each is answered."""

from typing import ClassVar, Literal
from uuid import UUID

from cqrs.messaging.currencies import Currency
from cqrs.messaging.messages import Query
from cqrs.queries.orm_rows import OrmRows
from cqrs.queries.paging import RowSource
from cqrs.queries.parameters import Amount, Moment, Search, first_of, last_of
from readmodels.models import OrderReadModel
from readmodels.queries.latest_orders import LatestOrders
from readmodels.queries.statuses import Statuses
from readmodels.specifications import OrderQuerySet

Ordering = Literal[
    "order_date", "-order_date",
    "total_amount", "-total_amount",
    "status", "-status",
    "customer_name", "-customer_name",
]  # fmt: skip
LATEST_FIRST: Ordering = "-order_date"
# Whatever is narrowed by one of these takes the general path.
NEEDS_ORM = ("currency", "from_date", "to_date", "min_total", "max_total", "search")


class OrderFilters(Query):
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
    ordering: Ordering = LATEST_FIRST


def narrowed(query: OrderFilters, customer_id: UUID | None) -> OrderQuerySet:
    """Return the orders that pass the filters."""
    orders: OrderQuerySet = OrderReadModel.objects.for_customer(customer_id)
    return (
        orders.with_status(query.status)
        .in_currency(query.currency)
        .placed_between(first_of(query.from_date), last_of(query.to_date))
        .totalling(query.min_total, query.max_total)
        .matching(query.search)
    )


def orders_of(query: OrderFilters, customer_id: UUID | None) -> RowSource:
    """Return the orders that the query asks for: by a compiled text where there is one."""
    if has_compiled_sql(query):
        return LatestOrders(customer_id, *query.status)
    return OrmRows(narrowed(query, customer_id), query.ordering)


def has_compiled_sql(query: OrderFilters) -> bool:
    """Say whether a compiled text answers it: any page of the latest, in one status or all."""
    return (
        query.ordering == LATEST_FIRST
        and len(query.status) <= 1
        and all(getattr(query, name) in (None, "") for name in NEEDS_ORM)
    )
