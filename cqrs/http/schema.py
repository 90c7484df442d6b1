"""OpenAPI from the messages: the same class validates a request and documents it."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from pydantic import BaseModel, Field

from cqrs.http import schema_headers
from cqrs.http.schema_components import query_parameters
from cqrs.http.tokens import Access, Login, Refresh, Tokens
from cqrs.messaging.messages import Command, Message

PROBLEMS = (400, 401, 403, 404, 405, 406, 429, 503)
COMMAND_PROBLEMS = (*PROBLEMS, 408, 409, 412, 413, 415, 422)
LOGIN_PROBLEMS = (400, 401, 405, 406, 408, 413, 415, 429, 503)
View = TypeVar("View", bound=Callable[..., Any])


class WrongField(BaseModel):
    field: str
    code: str
    message: str


class Problem(BaseModel):
    """An RFC 9457 problem document.

    `trace_id` finds the request in the logs and traces. `errors` names every wrong field of an
    invalid request.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    trace_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    errors: list[WrongField] = []


def openapi(
    message: type[Message], answer: type[BaseModel], status: int = 200
) -> Callable[[View], View]:
    """Document a view by its message, its answer and the problems of every view.

    The description is the docstring of the message's module, which lists the refusals.
    """
    if not issubclass(message, Command):
        return _query(message, {(200, "application/json"): OpenApiResponse(answer)}, True)
    return extend_schema(
        operation_id=message.__name__,
        description=_description(message),
        request=message,
        parameters=schema_headers.of_command(status),
        responses=_responses(COMMAND_PROBLEMS, answer, status),
    )


def openapi_csv(message: type[Message]) -> Callable[[View], View]:
    """Document a view that answers a query with a CSV file."""
    return _query(message, {(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)}, False)


def _query(message: type[Message], answers: dict[Any, Any], tagged: bool) -> Callable[[View], View]:
    """Document a query; an answer with an entity tag can also be 304."""
    if tagged:
        answers |= {304: OpenApiResponse(description="The client has it: see If-None-Match")}
    return extend_schema(
        operation_id=message.__name__,
        description=_description(message),
        request=None,
        parameters=[*query_parameters(message), *schema_headers.of_query(tagged)],
        responses=answers | _problems((*PROBLEMS, 412) if tagged else PROBLEMS),
    )


def _description(message: type[Message]) -> str:
    return (sys.modules[message.__module__].__doc__ or "").strip()


class ObtainTokenSchema(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    """Documents the view from outside, so that the view works without drf-spectacular."""

    target_class = "cqrs.http.tokens.ObtainToken"

    def view_replacement(self) -> type[Any]:
        return _with_post(self.target, "ObtainToken", Login, Tokens)


class RefreshTokenSchema(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    """Documents the view that refreshes a token."""

    target_class = "cqrs.http.tokens.RefreshAccess"

    def view_replacement(self) -> type[Any]:
        return _with_post(self.target, "RefreshToken", Refresh, Access)


def _with_post(
    view: type[Any], operation_id: str, request: type[BaseModel], answer: type[BaseModel]
) -> type[Any]:
    """Return the view with a documented `post`."""
    document = extend_schema(
        operation_id=operation_id,
        request=request,
        auth=[],
        parameters=schema_headers.of_problems(),
        responses=_responses(LOGIN_PROBLEMS, answer, 200),
    )

    def post(self: Any, *args: Any, **kwargs: Any) -> Any:
        return view.post(self, *args, **kwargs)

    return type(view.__name__, (view,), {"__doc__": view.__doc__, "post": document(post)})


def _responses(problems: Sequence[int], answer: type[BaseModel], status: int) -> dict[Any, Any]:
    return {(status, "application/json"): OpenApiResponse(answer), **_problems(problems)}


def _problems(codes: Sequence[int]) -> dict[Any, Any]:
    return {(code, "application/problem+json"): OpenApiResponse(Problem) for code in sorted(codes)}
