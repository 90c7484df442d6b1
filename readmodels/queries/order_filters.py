"""The parameters that all lists of orders share, and how each list is answered."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from django.db.models import Model

from cqrs.messaging.currencies import CURRENCIES, AnyCurrency
from cqrs.messaging.fields import Id
from cqrs.queries.filters import FilterBy, FilteredQuery, given_filters
from cqrs.queries.filtersets import filtered_rows
from cqrs.queries.orm_rows import OrmRows
from cqrs.queries.paging import RowSource
from cqrs.queries.parameters import Amount, Moment, Search
from cqrs.queries.specifications import containing
from readmodels.models import OrderReadModel
from readmodels.queries.latest_orders import LatestOrders
from readmodels.queries.statuses import Statuses
from readmodels.specifications import (
    in_currency,
    in_status,
    placed_by,
    placed_from,
    placed_until,
    totalling_from,
    totalling_until,
)

Ordering = Literal[
    "order_date", "-order_date",
    "total_amount", "-total_amount",
    "status", "-status",
    "customer_name", "-customer_name",
]  # fmt: skip
LATEST_FIRST: Ordering = "-order_date"
COMPILED_FILTERS = {"customer_id", "status"}


class OrderFilters(FilteredQuery):
    """The parameters. Dates are UTC days with both ends included; a timestamp is taken exactly."""

    permission: ClassVar[str] = "readmodels.view_orders"
    projection: ClassVar[str] = "orders"
    model: ClassVar[type[Model]] = OrderReadModel

    customer_id: Annotated[Id | None, FilterBy(placed_by)] = None
    status: Annotated[Statuses, FilterBy(in_status)] = ()
    currency: Annotated[AnyCurrency | None, FilterBy(in_currency, CURRENCIES)] = None
    from_date: Annotated[Moment | None, FilterBy(placed_from)] = None
    to_date: Annotated[Moment | None, FilterBy(placed_until)] = None
    min_total: Annotated[Amount | None, FilterBy(totalling_from)] = None
    max_total: Annotated[Amount | None, FilterBy(totalling_until)] = None
    search: Annotated[Search, FilterBy(containing)] = ""
    ordering: Ordering = LATEST_FIRST

    @property
    def changed_by(self) -> UUID | None:
        return self.customer_id


def orders_of(query: OrderFilters) -> RowSource:
    """Return the orders that the query asks for: by a compiled text where there is one."""
    if has_compiled_sql(query):
        return LatestOrders(query.customer_id, *query.status)
    return OrmRows(filtered_rows(query), query.ordering)


def has_compiled_sql(query: OrderFilters) -> bool:
    """Say whether a compiled text answers it: any page of the latest, in one status or all."""
    return (
        query.ordering == LATEST_FIRST
        and len(query.status) <= 1
        and given_filters(query) <= COMPILED_FILTERS
    )
