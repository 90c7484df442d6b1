"""How changes of other programs to customers become events."""

from collections.abc import Sequence
from typing import Any, ClassVar

from cqrs.adoption.adapter import Adapter, Change
from cqrs.event_log.events import Event
from customers.events import (
    CustomerChangedOutside,
    CustomerDeactivated,
    CustomerRegistered,
    CustomerSnapshot,
    CustomerUpdated,
)
from customers.fields import canonical_email
from customers.models import Customer


class CustomerAdapter(Adapter[CustomerSnapshot]):
    model = Customer
    tables: ClassVar = {"customers_customer": "id"}

    def snapshot(self, row: Any) -> CustomerSnapshot:
        return CustomerSnapshot(
            **{name: getattr(row, name) for name in CustomerSnapshot.model_fields}
        )

    def fold(self, state: CustomerSnapshot | None, event: Event) -> CustomerSnapshot | None:
        match event:
            case CustomerChangedOutside():
                return event.after
            case CustomerRegistered():
                return CustomerSnapshot(
                    name=event.name,
                    email=event.email,
                    is_active=True,
                    registered_at=event.registered_at,
                )
            case CustomerUpdated() if state:
                return state.model_copy(update={"name": event.name, "email": event.email})
            case CustomerDeactivated() if state:
                return state.model_copy(update={"is_active": False})
        return state

    def event(self, change: Change[CustomerSnapshot]) -> CustomerChangedOutside:
        return CustomerChangedOutside(
            customer_id=change.aggregate_id, before=change.before, after=change.after
        )

    def derive(self, rows: Sequence[Any]) -> None:
        """Set the keys of the addresses. One that another row has stays with that row."""
        keys = {row.pk: canonical_email(row.email) for row in rows}
        changed = [row for row in rows if row.email_key != keys[row.pk]]
        taken = _taken([keys[row.pk] for row in changed])
        for row in changed:
            key = keys[row.pk]
            row.email_key = None if key in taken else key
            taken.add(key)


def _taken(keys: Sequence[str]) -> set[str | None]:
    found = Customer.objects.filter(email_key__in=keys) if keys else Customer.objects.none()
    return set(found.values_list("email_key", flat=True))


ADAPTERS: Sequence[Adapter[Any]] = (CustomerAdapter(),)
