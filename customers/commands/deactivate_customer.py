"""Deactivate a customer: no further orders, and the old ones stay as they are.

Refuses with `not_found`, `version_conflict` and, the second time, `customer_inactive`.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from cqrs.event_log.aggregates import load_for_change
from cqrs.event_log.events import publish
from cqrs.messaging.fields import LongText, ServerSet
from cqrs.messaging.messages import AggregateState, Command
from cqrs.messaging.results import Ok, Result
from customers.models import Customer, CustomerState


class DeactivateCustomer(Command):
    permission: ClassVar[str] = "customers.deactivate_customer"
    answer: ClassVar[type[AggregateState]] = CustomerState

    customer_id: Annotated[UUID, ServerSet()]
    reason: LongText = ""


def deactivate_customer(command: DeactivateCustomer) -> Result[CustomerState]:
    """Write the customer and `CustomerDeactivated`."""
    customer = load_for_change(Customer, command.customer_id, command.expected_version)
    publish((customer, customer.deactivate(command.reason)))
    return Ok(customer.state())
