"""Register a customer.

Refuses with `email_taken` (addresses are unique without regard to case) and `version_conflict` (a
new customer has no version to expect).
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from cqrs.event_log.aggregates import expect_nothing
from cqrs.event_log.events import publish
from cqrs.messaging.fields import ServerSet, Text
from cqrs.messaging.ids import uuid7
from cqrs.messaging.messages import AggregateState, Command
from cqrs.messaging.results import Ok, Result
from customers.fields import EmailAddress
from customers.models import Customer, CustomerState


class RegisterCustomer(Command):
    permission: ClassVar[str] = "customers.register_customer"
    answer: ClassVar[type[AggregateState]] = CustomerState

    name: Text
    email: EmailAddress
    # Made once per message and not once per attempt: a retried transaction writes the same.
    customer_id: Annotated[UUID, ServerSet()] = Field(default_factory=uuid7)
    registered_at: Annotated[AwareDatetime, ServerSet()] = Field(
        default_factory=lambda: datetime.now(UTC)
    )


def register_customer(command: RegisterCustomer) -> Result[CustomerState]:
    """Write the customer and `CustomerRegistered`."""
    expect_nothing(command.expected_version)
    customer, event = Customer.register(
        command.customer_id, command.name, command.email, command.registered_at
    )
    publish((customer, event))
    return Ok(customer.state())
