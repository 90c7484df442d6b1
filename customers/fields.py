"""The types that customer messages share."""

from typing import Annotated
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from cqrs.messaging.fields import Text


def _is_email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        raise PydanticCustomError("email", "Not a valid e-mail address") from None
    return value


EmailAddress = Annotated[Text, AfterValidator(_is_email)]


def placeholder(customer_id: UUID) -> str:
    """Return the address of a customer that was imported without one."""
    return f"{customer_id}@import.invalid"


def is_placeholder(email: str) -> bool:
    """Return whether no mail can arrive there: RFC 2606 reserves the domain `invalid` for that."""
    domain = email.rpartition("@")[2].lower().rstrip(".")
    return domain == "invalid" or domain.endswith(".invalid")
