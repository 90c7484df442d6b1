"""Everything that happens to customers."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from cqrs.events import Event


class CustomerRegistered(Event):
    wire_name: ClassVar[str] = "customers.customer_registered"
    personal: ClassVar[frozenset[str]] = frozenset({"name", "email"})

    customer_id: UUID
    name: str
    email: str
    registered_at: datetime


class CustomerUpdated(Event):
    """Carries both values, changed or not, so that a reader needs no earlier event."""

    wire_name: ClassVar[str] = "customers.customer_updated"
    personal: ClassVar[frozenset[str]] = frozenset({"name", "email"})

    customer_id: UUID
    name: str
    email: str


class CustomerDeactivated(Event):
    wire_name: ClassVar[str] = "customers.customer_deactivated"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    customer_id: UUID
    reason: str


EVENTS = (CustomerRegistered, CustomerUpdated, CustomerDeactivated)
