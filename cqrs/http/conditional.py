"""Conditional requests for answers: a client caches one, and asks whether it is still valid."""

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseNotModified
from rest_framework.request import Request

from cqrs.http import problems
from cqrs.http.entity_tags import EntityTag, match_strongly, match_weakly, read_tags
from cqrs.http.headers import unreadable_tags
from cqrs.messaging.results import Rejected

UNREADABLE = unreadable_tags("If-Match")


def json_or_not_modified(request: Request, etag: str, body: Callable[[], bytes]) -> HttpResponse:
    """Answer the body, 304 when `If-None-Match` has the tag, 412 when `If-Match` does not.

    Only the caller may cache the answer (`private`), and must ask each time (`no-cache`).
    """
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if not is_readable(request):
        return problems.rejected(request, Rejected("invalid", str(UNREADABLE), (UNREADABLE.error,)))
    if not is_expected(request, etag):
        return _unexpected(request, etag)
    if is_known(request, etag):
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(body(), content_type="application/json", headers=headers)


def is_readable(request: Request) -> bool:
    """Return whether `If-Match` can be read: it is a guard, which must not be ignored."""
    given = request.META.get("HTTP_IF_MATCH")
    return given is None or read_tags(given) is not None


def is_expected(request: Request, etag: str) -> bool:
    """Return whether `If-Match` has the tag, or is not there."""
    given = request.META.get("HTTP_IF_MATCH")
    return given is None or match_strongly(read_tags(given) or (), etag)


def _unexpected(request: Request, etag: str) -> HttpResponse:
    given = read_tags(request.META["HTTP_IF_MATCH"]) or ()
    epochs = {tag.epoch for tag in given if isinstance(tag, EntityTag)} - {None}
    if epochs - {EntityTag(etag.removeprefix("W/").strip('"')).epoch}:
        detail = "The log has lost a part of its past, and If-Match is of it"
        return problems.problem(request, 412, "lost_past", detail)
    detail = "The answer is none of those that If-Match names"
    return problems.problem(request, 412, "version_conflict", detail)


def is_known(request: Request, etag: str) -> bool:
    """Return whether the client has the answer with this tag. An unreadable header is ignored."""
    given = request.META.get("HTTP_IF_NONE_MATCH")
    return given is not None and match_weakly(read_tags(given) or (), etag)
