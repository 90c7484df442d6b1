"""Turn an untrusted payload into a message, and report all of its invalid fields together."""

from typing import Any

from pydantic import ValidationError

from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import FieldError, Rejected, Result


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
    """Describe a failed validation without repeating the values, which may be personal."""
    errors = tuple(
        FieldError(".".join(map(str, item["loc"])), item["type"], item["msg"])
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    )
    return Rejected("invalid", f"{len(errors)} invalid field(s)", errors)
