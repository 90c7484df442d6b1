"""The type of the `status` parameter, which may be repeated."""

from typing import Annotated, Any

from pydantic import ValidationError, WrapValidator
from pydantic_core import PydanticCustomError

from readmodels.documents import Status


def _as_list(value: Any, handler: Any) -> Any:
    try:
        return handler([value] if isinstance(value, str) else value)
    except ValidationError:
        # A client knows the parameter, not the place of a value in it: name the parameter alone.
        known = ", ".join(get_args(Status))
        raise PydanticCustomError(
            "unknown_status", "Give one of {known}", {"known": known}
        ) from None


Statuses = Annotated[tuple[Status, ...], WrapValidator(_as_list)]
