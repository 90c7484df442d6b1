"""Change a customer's name or e-mail address, also of a deactivated customer.

Refuses with `not_found`, `version_conflict` and `email_taken`.
"""

from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from cqrs.event_log.aggregates import load_for_change
from cqrs.event_log.events import publish
from cqrs.messaging.fields import ServerSet, Text
from cqrs.messaging.messages import AggregateState, Command
from cqrs.messaging.results import Ok, Result
from customers.fields import EmailAddress
from customers.models import Customer, CustomerState


def _names_a_change(schema: dict[str, Any]) -> None:
    """Document that one of the fields has to be given: null stands for none."""
    schema["anyOf"] = [
        {"required": [name], "properties": {name: {"type": "string"}}} for name in ("name", "email")
    ]


class UpdateCustomer(Command):
    permission: ClassVar[str] = "customers.update_customer"
    answer: ClassVar[type[AggregateState]] = CustomerState

    customer_id: Annotated[UUID, ServerSet()]
    name: Text | None = None
    email: EmailAddress | None = None

    model_config = ConfigDict(json_schema_extra=_names_a_change)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.name is None and self.email is None:
            raise PydanticCustomError("nothing_to_change", "Give a name, an e-mail, or both")
        return self


def update_customer(command: UpdateCustomer) -> Result[CustomerState]:
    """Write the customer and `CustomerUpdated`."""
    customer = load_for_change(Customer, command.customer_id, command.expected_version)
    publish((customer, customer.update(command.name, command.email)))
    return Ok(customer.state())
