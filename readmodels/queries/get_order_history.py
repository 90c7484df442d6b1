"""Show everything that happened to an order, oldest first. Refuses with `not_found`."""

from typing import Annotated, ClassVar
from uuid import UUID

from cqrs.messaging.fields import ServerSet
from cqrs.messaging.messages import Query
from cqrs.messaging.results import Ok, Rejected, Result
from cqrs.queries.results import Results
from readmodels.models import OrderEventReadModel


class GetOrderHistory(Query):
    """One order's events: who, when, and what they say."""

    permission: ClassVar[str] = "readmodels.view_orders"
    projection: ClassVar[str] = "order_history"
    cache_for_s: ClassVar[float] = 60

    order_id: Annotated[UUID, ServerSet()]

    @property
    def changed_by(self) -> UUID:
        return self.order_id


def get_order_history(query: GetOrderHistory) -> Result[Results]:
    """Read the events' documents: a handful, because an order goes through few states."""
    events = OrderEventReadModel.objects.of_order(query.order_id).order_by("id")
    if not (found := list(events.values_list("document", flat=True))):
        return Rejected("not_found", f"There is no order {query.order_id}")
    return Ok(Results.of(found))
