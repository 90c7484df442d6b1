"""The base views: a request becomes one message, its result one response."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from cqrs.consistency.behavior import unreadable, wait_for_projections
from cqrs.consistency.tokens import ConsistencyToken, InvalidToken
from cqrs.database.outages import ReadSideUnavailable, WriteSideUnavailable, named
from cqrs.event_log.epoch import read_epoch
from cqrs.http import headers, problems
from cqrs.http.entity_tags import entity_tag
from cqrs.messaging import bus
from cqrs.messaging.context import Context, current_context, use_context
from cqrs.messaging.error_text import PLAIN
from cqrs.messaging.messages import AggregateState, Command, Message, Query
from cqrs.messaging.results import FieldError, Ok, Rejected, Result

TOKEN_HEADER = "X-Consistency-Token"  # noqa: S105  not a secret


class CommandViewSet(ViewSet):
    """Sends one command per request."""

    def send(
        self,
        request: Request,
        command_type: type[Command],
        *,
        creates_in: str | None = None,
        **path: UUID,
    ) -> HttpResponse:
        """Send the body and the path as a command; answer the new state of the aggregate.

        `creates_in` is the collection of a new aggregate: then the answer is 201 with `Location`.
        """
        result = _send(request, command_type, path)
        if isinstance(result, Ok):
            response = _state_response(request, result)
            if creates_in is not None:
                response.status_code = 201
                response["Location"] = f"{creates_in}/{result.value.aggregate_id}"
        else:
            response = problems.rejected(request, result)
        if result.replayed:
            response["Idempotency-Replayed"] = "true"
        return response


class QueryViewSet(ViewSet):
    """Asks one query per request."""

    def ask(self, request: Request, query_type: type[Query], **path: UUID) -> Result[Any]:
        """Ask the query string, the path and the headers as a query.

        A parameter that comes twice is a list, which only repeatable fields accept.
        """
        repeatable = query_type.repeatable_fields()
        given = {
            name: values if name in repeatable or len(values) > 1 else values[0]
            for name, values in request.query_params.lists()
        }
        if foreign := _foreign_fields(query_type, given):
            return foreign
        payload = {
            **given,
            **path,
            "consistency_token": request.META.get("HTTP_X_CONSISTENCY_TOKEN"),
            "wait_s": headers.preferred_wait_s(request),
        }
        with use_context(context_of(request)), named(ReadSideUnavailable):
            return bus.ask(query_type, payload)


def _send(
    request: Request, command_type: type[Command], path: dict[str, UUID]
) -> Result[AggregateState]:
    body: Any = request.data  # an object: the parser refuses other JSON
    if foreign := _foreign_fields(command_type, body):
        return foreign
    try:
        payload = {**body, **path, "expected_version": headers.precondition(request)}
        key = headers.idempotency_key(request)
        token = headers.consistency_token(request)
    except headers.WrongHeader as wrong:
        return Rejected("invalid", str(wrong), (wrong.error,))
    except InvalidToken as error:
        return unreadable(error)
    with use_context(context_of(request)), named(WriteSideUnavailable):
        expected_epoch = None if token is None else token.epoch
        result = bus.send(command_type, payload, idempotency_key=key, expected_epoch=expected_epoch)
        return _with_epoch(result)


def _with_epoch(result: Result[AggregateState]) -> Result[AggregateState]:
    """Return the result with the log's epoch, which a command without an event has not read."""
    if isinstance(result, Ok) and result.epoch is None:
        return replace(result, epoch=read_epoch())
    return result


def context_of(request: Request) -> Context:
    """Return the request's context with the caller and permissions of its access token."""
    claims: Any = request.auth or {}
    unlimited = claims.get("is_superuser", False)
    return replace(
        current_context(),
        actor=claims.get("username", "anonymous"),
        permissions=None if unlimited else frozenset(claims.get("permissions", ())),
    )


def _foreign_fields(message_type: type[Message], given: dict[str, Any]) -> Rejected | None:
    """Refuse fields that the path or the server fills, as unknown fields are."""
    errors = tuple(
        FieldError(field, "extra_forbidden", PLAIN["extra_forbidden"])
        for field in sorted(message_type.server_set_fields() & given.keys())
    )
    return Rejected("invalid", f"{len(errors)} invalid field(s)", errors) if errors else None


def _state_response(request: Request, result: Ok[AggregateState]) -> HttpResponse:
    state, epoch = result.value, result.epoch or 0
    token = ConsistencyToken(state.stream_type, state.aggregate_id, state.version, epoch)
    response = HttpResponse(state.model_dump_json(), content_type="application/json")
    response["ETag"] = entity_tag(state.version, epoch)
    response[TOKEN_HEADER] = token.encode()
    wait_s = headers.preferred_wait_s(request)
    if wait_s is not None and wait_for_projections(token, wait_s):
        response["Preference-Applied"] = f"wait={wait_s}"
    return response
