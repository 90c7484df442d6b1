"""Answers that a client may keep for itself, and ask again whether they still hold."""

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.request import Request


def json_or_not_modified(request: Request, etag: str, body: Callable[[], bytes]) -> HttpResponse:
    """Answer the body, or 304 when `If-None-Match` says that the client has it: then none is made.

    Kept answers are the caller's own (`private`), and asked about each time (`no-cache`).
    """
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if holds(request, etag):
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(body(), content_type="application/json", headers=headers)


def holds(request: Request, etag: str) -> bool:
    """Say whether the client has the answer with this tag.

    Compares weakly, as RFC 9110 demands here: proxies that compress weaken a tag. A header that
    cannot be read is as good as none.
    """
    given = request.META.get("HTTP_IF_NONE_MATCH")
    if given is None:
        return False
    tags = parse_etags(given)
    return tags == ["*"] or etag in (tag.removeprefix("W/") for tag in tags)
