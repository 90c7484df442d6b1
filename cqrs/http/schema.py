"""OpenAPI from the messages themselves: what validates a request also documents it."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from pydantic import BaseModel

from cqrs.http import schema_headers
from cqrs.http.schema_components import query_parameters
from cqrs.messages import Command, Message

PROBLEMS = (400, 401, 403, 404, 406, 429, 503)
COMMAND_PROBLEMS = (*PROBLEMS, 409, 412, 413, 415, 422)
LOGIN_PROBLEMS = (400, 401, 406, 413, 415, 429, 503)
View = TypeVar("View", bound=Callable[..., Any])


class WrongField(BaseModel):
    field: str
    code: str
    message: str


class Problem(BaseModel):
    """An RFC 9457 problem document. `errors` names every wrong field of an invalid request."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[WrongField] = []


def documents(
    message: type[Message], answer: type[BaseModel], status: int = 200
) -> Callable[[View], View]:
    """Document a view by its message, its answer and the problems that every view can have.

    The text is that of the message's module, which says when it refuses.
    """
    is_command = issubclass(message, Command)
    return extend_schema(
        operation_id=message.__name__,
        description=(sys.modules[message.__module__].__doc__ or "").strip(),
        request=message if is_command else None,
        parameters=schema_headers.of_command(status)
        if is_command
        else [*query_parameters(message), *schema_headers.of_query()],
        responses=_responses(COMMAND_PROBLEMS if is_command else PROBLEMS, answer, status),
    )


def documents_login(
    operation_id: str, request: type[BaseModel], answer: type[BaseModel]
) -> Callable[[View], View]:
    """Document a view that gives tokens."""
    return extend_schema(
        operation_id=operation_id,
        request=request,
        auth=[],
        responses=_responses(LOGIN_PROBLEMS, answer, 200),
    )


def _responses(problems: Sequence[int], answer: type[BaseModel], status: int) -> dict[Any, Any]:
    found: dict[Any, Any] = {
        (code, "application/problem+json"): OpenApiResponse(Problem) for code in sorted(problems)
    }
    return {(status, "application/json"): OpenApiResponse(answer), **found}
