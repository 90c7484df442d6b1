"""The customer aggregate, on `default`."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import IntegrityError, models
from django.db.models.functions import Lower

from cqrs.event_log.aggregates import Aggregate
from cqrs.event_log.digests import FieldLists
from cqrs.messaging.messages import AggregateState
from cqrs.messaging.results import reject
from customers.events import CustomerDeactivated, CustomerRegistered, CustomerUpdated
from customers.fields import canonical_email

EMAIL_CONSTRAINTS = ("customer_email_unique", "customer_email_key_unique")


class Customer(Aggregate):
    """A customer. Rows are not deleted, only deactivated, because orders refer to them."""

    stream_type: ClassVar[str] = "customer"
    digest_fields: ClassVar[FieldLists] = {
        1: ("id", "version", "name", "email", "is_active", "registered_at")
    }
    derived_fields: ClassVar[tuple[str, ...]] = ("email_key",)

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=200)
    email = models.CharField(max_length=200)
    # The form that all spellings of the address have in common. NULL: inserted by another program,
    # or the same as that of an older customer when this column was added.
    email_key = models.CharField(null=True, editable=False)  # noqa: DJ001
    is_active = models.BooleanField(default=True)
    registered_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        permissions: ClassVar = [
            (f"{verb}_customer", f"Can {verb} customers")
            for verb in ("register", "update", "deactivate", "import")
        ]
        constraints: ClassVar = [
            # for rows of other programs, which do not know the key
            models.UniqueConstraint(Lower("email"), name=EMAIL_CONSTRAINTS[0]),
            models.UniqueConstraint(fields=["email_key"], name=EMAIL_CONSTRAINTS[1]),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @classmethod
    def register(
        cls, customer_id: UUID, name: str, email: str, registered_at: datetime, version: int = 1
    ) -> tuple["Customer", CustomerRegistered]:
        """Store a new customer; refuses with `email_taken`. One that was deleted has a version."""
        customer = cls(id=customer_id, name=name, registered_at=registered_at, version=version)
        customer._set_email(email)
        customer._store(force_insert=True)
        return customer, CustomerRegistered(
            customer_id=customer_id, name=name, email=email, registered_at=registered_at
        )

    def update(self, name: str | None, email: str | None) -> CustomerUpdated:
        """Change the values that are given; refuses with `email_taken`."""
        self.name = self.name if name is None else name
        if email is not None:
            self._set_email(email)
        self.version += 1
        self._store()
        return CustomerUpdated(customer_id=self.id, name=self.name, email=self.email)

    def deactivate(self, reason: str) -> CustomerDeactivated:
        """Deactivate the customer; refuses with `customer_inactive`."""
        if not self.is_active:
            reject("customer_inactive", f"Customer {self.id} is deactivated already")
        self.is_active = False
        self.version += 1
        self._store()
        return CustomerDeactivated(customer_id=self.id, reason=reason)

    def state(self) -> "CustomerState":
        return CustomerState(
            id=self.id,
            name=self.name,
            email=self.email,
            is_active=self.is_active,
            registered_at=self.registered_at,
            version=self.version,
        )

    def _set_email(self, email: str) -> None:
        self.email, self.email_key = email, canonical_email(email)

    def _store(self, force_insert: bool = False) -> None:
        try:
            self.store(force_insert=force_insert)
        except IntegrityError as error:
            if not any(name in str(error) for name in EMAIL_CONSTRAINTS):
                raise
            reject("email_taken", "Another customer has this e-mail address")


class CustomerState(AggregateState):
    stream_type: ClassVar[str] = Customer.stream_type

    id: UUID
    name: str
    email: str
    is_active: bool
    registered_at: datetime


class CustomerProfile(models.Model):
    """A customer's preferences, created with defaults by a reaction to the registration."""

    customer = models.OneToOneField(
        Customer, on_delete=models.PROTECT, primary_key=True, related_name="profile"
    )
    language = models.CharField(max_length=10, default="en")
    newsletter = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)
