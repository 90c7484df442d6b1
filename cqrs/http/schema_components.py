"""JSON schemas of messages and documents for OpenAPI."""

from typing import Any, get_args

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from pydantic import BaseModel

from cqrs.messaging.messages import Message, Query

REF = "#/components/schemas/{model}"


class MessageExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Describes pydantic models by their validation in requests, by serialization in responses.

    drf-spectacular's own extension describes requests by serialization too, which loses the limits
    of decimals. A request with an unknown field is refused, but an answer may gain fields.
    """

    target_class = "pydantic.BaseModel"
    match_subclasses = True
    priority = 1

    def get_name(self, auto_schema: Any, direction: str) -> str:
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        mode = "validation" if direction == "request" else "serialization"
        schema: dict[str, Any] = self.target.model_json_schema(ref_template=REF, mode=mode)
        models, parts = _models_in(self.target), schema.pop("$defs", {})
        if direction == "response":
            for part in (schema, *parts.values()):
                part.pop("additionalProperties", None)
        for name, part in parts.items():
            # By its class, as models that views answer with are registered: one can be both.
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SCHEMA, object=models[name], schema=part
            )
            auto_schema.registry.register_on_missing(component)
        return schema


class TokenScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]
    """Describes `TokenAuthentication` like its base class: extensions match one class by name."""

    target_class = "cqrs.http.authentication.TokenAuthentication"


class MessageSchema(AutoSchema):
    """Takes from a view's messages what drf-spectacular would guess."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False  # a list is a document of its own, not an array

    def _get_request_body(self, direction: str = "request") -> Any:
        body = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        model: Any = self.get_request_serializer()
        if body:  # a PATCH would have none by default
            body["required"] = _required(model)
        return body


def _required(model: type[BaseModel]) -> bool:
    """Return whether a body has required fields, or one of several that is required."""
    return not model.model_json_schema().keys().isdisjoint(("required", "anyOf"))


def query_parameters(message: type[Message]) -> list[OpenApiParameter]:
    """Return a query's fields as parameters of the query string."""
    assert issubclass(message, Query)  # noqa: S101  for the type checker
    schema = message.model_json_schema()
    definitions = schema.get("$defs", {})
    return [
        OpenApiParameter(
            name,
            _without_null(_resolved(part, definitions)),
            OpenApiParameter.QUERY,
            required=name in schema.get("required", ()),
            explode=True if name in message.repeatable_fields() else None,
        )
        for name, part in schema["properties"].items()
    ]


def _models_in(annotation: Any) -> dict[str, type[BaseModel]]:
    """Return the models in a type or a model's fields, by name."""
    found: dict[str, type[BaseModel]] = {}
    for part in get_args(annotation):
        found |= _models_in(part)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found[annotation.__name__] = annotation
        for field in annotation.model_fields.values():
            found |= _models_in(field.annotation)
    return found


def _without_null(part: dict[str, Any]) -> dict[str, Any]:
    """Leave out null: in a query string, a missing parameter stands for it."""
    if part.get("default", "") is None:
        del part["default"]
    kinds = [kind for kind in part.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        return {**{key: value for key, value in part.items() if key != "anyOf"}, **kinds[0]}
    return {**part, "anyOf": kinds} if kinds else part


def _resolved(part: Any, definitions: dict[str, Any]) -> Any:
    """Return the schema with its references replaced: parameters have no components."""
    if isinstance(part, list):
        return [_resolved(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _resolved(definitions[part["$ref"].rsplit("/", 1)[1]], definitions)
    return {key: _resolved(value, definitions) for key, value in part.items()}
