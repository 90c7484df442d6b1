"""Show all events of an order, oldest first. Refuses with `not_found`."""

from typing import Annotated, ClassVar
from uuid import UUID

from cqrs.messaging.fields import ServerSet
from cqrs.messaging.messages import Query
from cqrs.messaging.results import Ok, Rejected, Result
from cqrs.queries.results import Results
from readmodels.models import OrderEventReadModel
from readmodels.specifications import is_event_of


class GetOrderHistory(Query):
    """The events of one order: actor, time and data."""

    permission: ClassVar[str] = "readmodels.view_orders"
    projection: ClassVar[str] = "order_history"
    cache_for_s: ClassVar[float] = 60

    order_id: Annotated[UUID, ServerSet()]

    @property
    def changed_by(self) -> UUID:
        return self.order_id


def get_order_history(query: GetOrderHistory) -> Result[Results]:
    """Read the documents of the events. They are few, because an order has few states."""
    events = OrderEventReadModel.objects.filter(is_event_of(query.order_id)).order_by("id")
    if not (found := list(events.values_list("document", flat=True))):
        return Rejected("not_found", f"There is no order {query.order_id}")
    return Ok(Results.of(found))
