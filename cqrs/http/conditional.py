"""Conditional requests: a client caches an answer, and asks whether it is still valid."""

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.request import Request


def json_or_not_modified(request: Request, etag: str, body: Callable[[], bytes]) -> HttpResponse:
    """Answer the body, or 304 without making it when `If-None-Match` has the tag.

    Only the caller may cache the answer (`private`), and must ask each time (`no-cache`).
    """
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if holds(request, etag):
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(body(), content_type="application/json", headers=headers)


def holds(request: Request, etag: str) -> bool:
    """Return whether the client has the answer with this tag.

    Compares weakly, as RFC 9110 requires: proxies that compress weaken a tag. An unreadable header
    is ignored.
    """
    given = request.META.get("HTTP_IF_NONE_MATCH")
    if given is None:
        return False
    tags = parse_etags(given)
    return tags == ["*"] or etag in (tag.removeprefix("W/") for tag in tags)
