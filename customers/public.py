"""The functions and commands of customers that other apps may use."""

from uuid import UUID

from cqrs.database.lock_waits import before_lock
from cqrs.event_log.aggregates import refuse_missing, require_unchanged
from cqrs.event_log.outside import reading
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

    The lock is shared: orders of one customer do not wait for each other. Refuses with `not_found`
    and `customer_inactive`.
    """
    before_lock(customer_id)
    # Raw SQL, because the ORM has FOR UPDATE only.
    statement = "SELECT * FROM customers_customer WHERE id = %s FOR SHARE"
    with reading(Customer.stream_type, customer_id):
        found = list(Customer.objects.raw(statement, [customer_id]))
    if not found:
        refuse_missing(Customer, customer_id)
    require_unchanged(found[0])
    if not found[0].is_active:
        reject("customer_inactive", f"Customer {customer_id} is deactivated")
    return found[0]


def require_customer(customer_id: UUID) -> None:
    """Refuse with `not_found` unless the customer exists, active or not."""
    if not Customer.objects.filter(pk=customer_id).exists():
        reject("not_found", f"There is no customer {customer_id}")


def same_email(one: str, other: str) -> bool:
    """Return whether two texts are one address, in whatever spelling."""
    return canonical_email(one) == canonical_email(other)


def contact_of(customer_id: UUID) -> tuple[str, str]:
    """Return the customer's present name and e-mail address."""
    customer = Customer.objects.get(pk=customer_id)
    return customer.name, customer.email
