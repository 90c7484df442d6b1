"""The types that customer messages share."""

from typing import Annotated

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
