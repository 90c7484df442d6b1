"""Answer every error as `application/problem+json` (RFC 9457) with a stable `code`."""

import math
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions

from cqrs.database.commit_outcome import OutcomeUnknown
from cqrs.database.outages import DatabaseUnavailable, as_unavailable
from cqrs.messaging.context import current_ids
from cqrs.messaging.error_text import error_text
from cqrs.messaging.results import Rejected

log = structlog.get_logger("cqrs.http")

# The HTTP status of a `Rejected` code. All other codes are refusals by a rule: 409.
STATUS_BY_CODE = {
    "invalid": 400,
    "invalid_token": 400,
    "not_found": 404,
    "version_conflict": 412,
    "idempotency_key_reused": 422,
    "read_side_behind": 503,
    "read_side_parked": 503,
    "throttled": 429,
    "outcome_unknown": 503,
}
# With the header that is at fault: RFC 9110 has a status for preconditions.
STATUS_BY_HEADER = {("lost_past", "If-Match"): 412}
RETRY_AFTER_S = "1"


def problem(
    request: HttpRequest,
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> HttpResponse:
    """Return a problem document. A 429 and a 503 have `Retry-After`."""
    return document(request.path, status, code, detail, headers, **members)


def document(
    path: str,
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> HttpResponse:
    """Return the problem document of a request for this path, with the trace id in force."""
    if (trace_id := current_ids()[1]) is not None:
        members["trace_id"] = trace_id
    body = {
        "type": f"urn:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": path,
        "code": code,
        **members,
    }
    response = HttpResponse(orjson.dumps(body), status=status, headers=dict(headers or {}))
    response["Content-Type"] = "application/problem+json"
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        response.headers.setdefault("Retry-After", RETRY_AFTER_S)
    return response


def rejected(request: HttpRequest, result: Rejected) -> HttpResponse:
    """Return the response to a refusal."""
    status = STATUS_BY_CODE.get(result.code, HTTPStatus.CONFLICT)
    for error in result.errors:
        status = STATUS_BY_HEADER.get((result.code, error.field), status)
    members: dict[str, Any] = {}
    if result.errors:
        members["errors"] = [
            {"field": error.field, "code": error.code, "message": error.message}
            for error in result.errors
        ]
    return problem(request, status, result.code, result.message, **members)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Turn errors of DRF, Django and the databases into problems; None for all others, the bugs."""
    request: HttpRequest = context["request"]
    if unavailable := as_unavailable(error):
        return database_unavailable(request, unavailable)
    match error:
        case OutcomeUnknown():
            log.error("outcome_unknown", reason=str(error))
            detail = "The outcome is unknown: repeat it with the same Idempotency-Key"
            return problem(request, 503, "outcome_unknown", detail)
        case Http404() | exceptions.NotFound():
            return problem(request, 404, "not_found", "There is nothing here")
        case PermissionDenied() | exceptions.PermissionDenied():
            return problem(request, 403, "permission_denied", str(error) or "Not allowed")
        case exceptions.AuthenticationFailed() | exceptions.NotAuthenticated():
            return _unauthenticated(request, error)
        case exceptions.Throttled():
            wait = str(max(1, math.ceil(getattr(error, "wait", None) or 1)))
            return problem(request, 429, "throttled", "Too many requests", {"Retry-After": wait})
        case exceptions.ValidationError():
            return _invalid(request, error)
        case exceptions.APIException():
            code = "invalid" if error.status_code == 400 else str(error.default_code)
            return problem(request, error.status_code, code, str(error.detail))
    return None


def database_unavailable(request: HttpRequest, error: DatabaseUnavailable) -> HttpResponse:
    """Answer 503 and log the reason, which the client does not see."""
    reason = error_text(error.__cause__ or error)
    log.error("database_unavailable", code=error.code, reason=reason)
    return problem(request, 503, error.code, str(error))


def _unauthenticated(request: HttpRequest, error: exceptions.APIException) -> HttpResponse:
    detail = error.detail
    text = detail.get("detail", detail) if isinstance(detail, dict) else detail
    headers = {"WWW-Authenticate": 'Bearer realm="api"'}
    return problem(request, 401, "not_authenticated", str(text), headers)


def _invalid(request: HttpRequest, error: exceptions.ValidationError) -> HttpResponse:
    detail = error.detail if isinstance(error.detail, dict) else {"": error.detail}
    errors = [
        {"field": field, "code": getattr(item, "code", "invalid"), "message": str(item)}
        for field, items in detail.items()
        for item in (items if isinstance(items, list) else [items])
    ]
    return problem(request, 400, "invalid", f"{len(errors)} invalid field(s)", errors=errors)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself refuses, such as one with an unknown host."""
    return problem(request, 400, "invalid", "Bad request")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that matches no route."""
    return problem(request, 404, "not_found", "There is nothing here")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a refusal outside the API, such as in the admin."""
    return problem(request, 403, "permission_denied", "Not allowed")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a bug without details, which go to the log alone; 503 if a database is the reason.

    Django calls it while it handles the exception.
    """
    error = sys.exception()
    if isinstance(error, Exception) and (unavailable := as_unavailable(error)):
        return database_unavailable(request, unavailable)
    return problem(request, 500, "internal_error", "The server failed to handle the request")
