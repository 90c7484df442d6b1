"""The types that customer messages share."""

import re
from typing import Annotated
from unicodedata import normalize
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from cqrs.messaging.caseless import caseless
from cqrs.messaging.fields import Text

_DOTS = re.compile("[.。．｡]")  # noqa: RUF001  IDNA takes all of them


def _is_email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        raise PydanticCustomError("email", "Not a valid e-mail address") from None
    return value


EmailAddress = Annotated[
    Text, AfterValidator(_is_email), Field(json_schema_extra={"format": "email"})
]


def canonical_email(email: str) -> str:
    """Return the form that all spellings of one address have in common.

    Case does not count. A domain is the same in every Unicode form and as `xn--…` (IDNA).
    """
    local, _, domain = email.rpartition("@")
    return f"{caseless(local)}@{'.'.join(map(_label, _DOTS.split(domain)))}"


def _label(text: str) -> str:
    label = normalize("NFKC", normalize("NFKC", text).lower())
    if not label.startswith("xn--"):
        return label
    try:
        shown = normalize("NFKC", label[4:].encode("ascii").decode("punycode").lower())
        shown.encode()  # a lone surrogate is no text
        is_one = not shown.isascii() and shown.encode("punycode").decode() == label[4:]
        return shown if is_one else label
    except UnicodeError:
        return label


def placeholder(customer_id: UUID) -> str:
    """Return the address of a customer that was imported without one."""
    return f"{customer_id}@import.invalid"


def is_placeholder(email: str) -> bool:
    """Return whether no mail can arrive there: RFC 2606 reserves the domain `invalid` for that."""
    domain = canonical_email(email).rpartition("@")[2].rstrip(".")
    return domain == "invalid" or domain.endswith(".invalid")
