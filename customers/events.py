"""All events of customers."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from cqrs.event_log.events import Event


class CustomerEvent(Event):
    """The fields of every customer event."""

    stream_type: ClassVar[str] = "customer"

    customer_id: UUID


class CustomerRegistered(CustomerEvent):
    wire_name: ClassVar[str] = "customers.customer_registered"
    personal: ClassVar[frozenset[str]] = frozenset({"name", "email"})

    name: str
    email: str
    registered_at: datetime


class CustomerUpdated(CustomerEvent):
    """Has both values, changed or not, so that a reader needs no earlier event."""

    wire_name: ClassVar[str] = "customers.customer_updated"
    personal: ClassVar[frozenset[str]] = frozenset({"name", "email"})

    name: str
    email: str


class CustomerDeactivated(CustomerEvent):
    """A customer was deactivated. Version 1 had no reason: it is read with an empty one."""

    wire_name: ClassVar[str] = "customers.customer_deactivated"
    schema_version: ClassVar[int] = 2
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    reason: str


class CustomerSnapshot(BaseModel):
    """The state of a customer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    email: str
    is_active: bool
    registered_at: datetime


class CustomerChangedOutside(CustomerEvent):
    """Another program changed, inserted (`before` is None) or deleted (`after` is None) the row."""

    wire_name: ClassVar[str] = "customers.customer_changed_outside"
    personal: ClassVar[frozenset[str]] = frozenset({"before", "after"})

    before: CustomerSnapshot | None
    after: CustomerSnapshot | None


def with_reason(data: dict[str, Any]) -> dict[str, Any]:
    """Upcast `CustomerDeactivated` from version 1 to 2."""
    return {**data, "reason": ""}


UPCASTERS = {(CustomerDeactivated.wire_name, 1): with_reason}

EVENTS = (CustomerRegistered, CustomerUpdated, CustomerDeactivated, CustomerChangedOutside)
