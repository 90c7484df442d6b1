"""The functions and commands of customers that other apps may use."""

from uuid import UUID

from cqrs.event_log.aggregates import refuse_missing
from cqrs.event_log.relied_rows import find_unlocked, load_shared
from cqrs.messaging.results import reject
from customers.commands.import_customer import ImportCustomer
from customers.commands.register_customer import RegisterCustomer
from customers.fields import canonical_email, is_placeholder, placeholder
from customers.models import Customer, CustomerState

__all__ = [
    "CustomerState",
    "ImportCustomer",
    "RegisterCustomer",
    "contact_of",
    "is_placeholder",
    "lock_active_customer",
    "placeholder",
    "require_customer",
    "same_email",
]


def lock_active_customer(customer_id: UUID) -> Customer:
    """Return the customer, locked against a deactivation until the open transaction ends.

    Refuses with `not_found` and `customer_inactive`.
    """
    customer = load_shared(Customer, customer_id)
    if not customer.is_active:
        reject("customer_inactive", f"Customer {customer_id} is deactivated")
    return customer


def require_customer(customer_id: UUID) -> None:
    """Refuse with `not_found` unless the customer exists, active or not."""
    if find_unlocked(Customer, customer_id) is None:
        refuse_missing(Customer, customer_id)


def same_email(one: str, other: str) -> bool:
    """Return whether two texts are one address, in whatever spelling."""
    return canonical_email(one) == canonical_email(other)


def contact_of(customer_id: UUID) -> tuple[str, str]:
    """Return the customer's present name and e-mail address."""
    customer = Customer.objects.get(pk=customer_id)
    return customer.name, customer.email
