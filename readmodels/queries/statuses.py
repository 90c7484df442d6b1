"""The type of the `status` parameter, which may be repeated."""

from typing import Annotated, Any

from pydantic import ValidationError, WrapValidator
from pydantic_core import PydanticCustomError

from cqrs.messaging.error_text import plain_text
from readmodels.documents import Status


def _as_list(value: Any, handler: Any) -> Any:
    try:
        return handler([value] if isinstance(value, str) else value)
    except ValidationError as error:
        # A client knows the parameter, not the place of a value in it: name the parameter alone.
        first = error.errors()[0]
        reason = plain_text(first["type"], first["msg"])
        raise PydanticCustomError("unknown_status", "{reason}", {"reason": reason}) from None


Statuses = Annotated[tuple[Status, ...], WrapValidator(_as_list)]
