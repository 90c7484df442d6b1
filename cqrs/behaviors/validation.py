"""Turn an untrusted payload into a message, and report all of its invalid fields together."""

from typing import Any

from pydantic import ValidationError

from cqrs.messaging.error_text import plain_text
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import FieldError, Rejected, Result

MAX_ERRORS = 100
MAX_FIELD = 200  # characters of a field's path


def validation(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Make the message, or return `Rejected("invalid")` with every invalid field."""
    if isinstance(dispatch.payload, dispatch.message_type):
        dispatch.message = dispatch.payload
        return call_next(dispatch)
    try:
        dispatch.message = dispatch.message_type.model_validate(dispatch.payload)
    except ValidationError as error:
        return invalid(error)
    return call_next(dispatch)


def invalid(error: ValidationError) -> Rejected:
    """Describe a failed validation without repeating the values, which may be personal.

    Of very many errors it lists the first ones: each is longer than the field that caused it.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    count = f"{len(found)} invalid field(s)"
    if len(found) > MAX_ERRORS:
        count += f", of which the first {MAX_ERRORS} are listed"
    return Rejected("invalid", count, tuple(map(_field_error, found[:MAX_ERRORS])))


def _field_error(error: Any) -> FieldError:
    field = ".".join(map(str, error["loc"]))
    if len(field) > MAX_FIELD:
        field = f"{field[:MAX_FIELD]}…"
    return FieldError(field, error["type"], plain_text(error["type"], error["msg"]))
