"""Import a customer from another system, with the id and the date of that system.

An existing customer is not changed, so that an import can be repeated. Refuses with `email_taken`.
Not offered over HTTP.
"""

from dataclasses import replace
from typing import ClassVar

from cqrs.event_log.aggregates import lock_new
from cqrs.event_log.events import publish
from cqrs.event_log.relied_rows import find_unlocked
from cqrs.messaging.context import IMPORTED, current_context, use_context
from cqrs.messaging.fields import Id, Text, UtcDatetime
from cqrs.messaging.messages import AggregateState, Command
from cqrs.messaging.results import Ok, Result
from customers.fields import EmailAddress
from customers.models import Customer, CustomerState


class ImportCustomer(Command):
    permission: ClassVar[str] = "customers.import_customer"
    answer: ClassVar[type[AggregateState]] = CustomerState

    customer_id: Id
    name: Text
    email: EmailAddress
    registered_at: UtcDatetime


def import_customer(command: ImportCustomer) -> Result[CustomerState]:
    """Write the customer and `CustomerRegistered`, unless the customer exists."""
    stream = lock_new(Customer, command.customer_id)
    if (known := find_unlocked(Customer, command.customer_id)) is not None:
        return Ok(known.state())
    customer, event = Customer.register(
        command.customer_id,
        command.name,
        command.email,
        command.registered_at,
        stream.version_of_new(),
    )
    with use_context(replace(current_context(), origin=IMPORTED)):
        publish((customer, event))
    return Ok(customer.state())
