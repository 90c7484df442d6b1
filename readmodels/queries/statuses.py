"""The statuses that an order list can be narrowed to."""

from typing import Annotated, Any

from pydantic import (
    ValidationError,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from readmodels.documents import Status


def _as_list(value: Any, handler: Any) -> Any:
    try:
        return handler([value] if isinstance(value, str) else value)
    except ValidationError as error:
        # The parameter is one thing to whoever wrote the query string: name it, not its place.
        first = error.errors()[0]
        raise PydanticCustomError("unknown_status", "{reason}", {"reason": first["msg"]}) from None


Statuses = Annotated[tuple[Status, ...], WrapValidator(_as_list)]
