"""Show one order. Refuses with `not_found`."""

from typing import Annotated, ClassVar
from uuid import UUID

from cqrs.messaging.fields import ServerSet
from cqrs.messaging.messages import Query
from cqrs.messaging.results import Result
from cqrs.queries.compiled import document_by_id
from cqrs.queries.pages import StoredDocument
from readmodels.models import OrderReadModel


class GetOrderById(Query):
    """One order with its lines."""

    permission: ClassVar[str] = "readmodels.view_orders"
    projection: ClassVar[str] = "orders"

    order_id: Annotated[UUID, ServerSet()]


def get_order_by_id(query: GetOrderById) -> Result[StoredDocument]:
    """Read the order's document."""
    missing = f"There is no order {query.order_id}"
    return document_by_id(OrderReadModel, query.order_id, missing)
