"""OpenAPI from the messages themselves: what validates a request also documents it."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel

from cqrs.messages import Command, Message, Query

REF = "#/components/schemas/{model}"
View = TypeVar("View", bound=Callable[..., Any])


class Problem(BaseModel):
    """An RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[dict[str, str]] = []


class MessageExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Describe pydantic models: as they validate in requests, as they serialize in responses.

    drf-spectacular's own extension shows requests as they would be serialized, which loses the
    limits of decimals.
    """

    target_class = "pydantic.BaseModel"
    match_subclasses = True
    priority = 1

    def get_name(self, auto_schema: Any, direction: str) -> str:
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        mode = "validation" if direction == "request" else "serialization"
        schema: dict[str, Any] = self.target.model_json_schema(ref_template=REF, mode=mode)
        for name, part in schema.pop("$defs", {}).items():
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SCHEMA, object=name, schema=part
            )
            auto_schema.registry.register_on_missing(component)
        if direction == "request" and issubclass(self.target, Message):
            return _without(schema, self.target.server_set_fields())
        return schema


def _without(schema: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    for name in names:
        schema["properties"].pop(name, None)
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name not in names]
        if not schema["required"]:
            del schema["required"]
    return schema


def documents(
    message: type[Message], answer: type[BaseModel], status: int = 200
) -> Callable[[View], View]:
    """Document a view by its message, its answer and the problems that every view can have."""
    is_command = issubclass(message, Command)
    codes = (400, 401, 403, 404, 503) + ((409, 412, 413, 415) if is_command else ())
    responses: dict[Any, Any] = {
        (code, "application/problem+json"): OpenApiResponse(Problem) for code in codes
    }
    responses[status, "application/json"] = OpenApiResponse(answer)
    return extend_schema(
        operation_id=message.__name__,
        description=(message.__doc__ or "").strip() or None,
        request=message if is_command else None,
        parameters=_header_parameters() if is_command else query_parameters(message),
        responses=responses,
    )


def _header_parameters() -> list[OpenApiParameter]:
    return [
        OpenApiParameter(
            "If-Match",
            str,
            OpenApiParameter.HEADER,
            description="Answer 412 unless the aggregate has this entity tag",
        )
    ]


def query_parameters(message: type[Message]) -> list[OpenApiParameter]:
    """Return a query's fields as parameters of the query string."""
    assert issubclass(message, Query)  # noqa: S101  for the type checker
    schema = message.model_json_schema()
    definitions = schema.get("$defs", {})
    return [
        OpenApiParameter(
            name,
            _resolved(part, definitions),
            OpenApiParameter.QUERY,
            required=name in schema.get("required", ()),
            explode=True if name in message.repeatable_fields() else None,
        )
        for name, part in schema["properties"].items()
        if name not in message.server_set_fields()
    ]


def _resolved(part: Any, definitions: dict[str, Any]) -> Any:
    """Return the schema with its references written out: parameters have no components."""
    if isinstance(part, list):
        return [_resolved(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _resolved(definitions[part["$ref"].rsplit("/", 1)[1]], definitions)
    return {key: _resolved(value, definitions) for key, value in part.items()}
