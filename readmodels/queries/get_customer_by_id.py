"""Show one customer. Refuses with `not_found`."""

from typing import Annotated, ClassVar
from uuid import UUID

from cqrs.messaging.fields import ServerSet
from cqrs.messaging.messages import Query
from cqrs.messaging.results import Result
from cqrs.queries.compiled import document_by_id
from cqrs.queries.pages import StoredDocument
from readmodels.models import CustomerReadModel


class GetCustomerById(Query):
    """One customer with the totals of their orders."""

    permission: ClassVar[str] = "readmodels.view_customers"
    projection: ClassVar[str] = "customers"

    customer_id: Annotated[UUID, ServerSet()]


def get_customer_by_id(query: GetCustomerById) -> Result[StoredDocument]:
    """Read the customer's document."""
    missing = f"There is no customer {query.customer_id}"
    return document_by_id(CustomerReadModel, query.customer_id, missing)
