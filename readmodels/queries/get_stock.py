"""Show the stock of one product. Refuses with `not_found` when its stock is not tracked."""

from typing import Annotated, ClassVar
from uuid import UUID

from cqrs.messaging.fields import ServerSet
from cqrs.messaging.messages import Query
from cqrs.messaging.results import Result
from cqrs.queries.compiled import document_by_id
from cqrs.queries.pages import StoredDocument
from readmodels.models import StockReadModel


class GetStock(Query):
    """One product: the amounts on hand, reserved and available."""

    permission: ClassVar[str] = "readmodels.view_stock"
    projection: ClassVar[str] = "stock"

    product_id: Annotated[UUID, ServerSet()]


def get_stock(query: GetStock) -> Result[StoredDocument]:
    """Read the product's document."""
    missing = f"There is no stock of product {query.product_id}"
    return document_by_id(StockReadModel, query.product_id, missing)
