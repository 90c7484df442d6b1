"""The middleware that only the admin needs, on the admin's addresses alone.

The API authenticates by tokens. Sessions, their users and messages in cookies would take a tenth of
its time per request.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.html import format_html

from cqrs.database.outages import as_unavailable
from cqrs.http import problems
from cqrs.http.hashing import TooManyLogins, hashing_turn
from cqrs.http.problems import RETRY_AFTER_S
from cqrs.http.throttling import login_counted, seconds_to_wait

ADMIN = "/admin/"

if TYPE_CHECKING:
    Base = MiddlewareMixin
else:
    Base = object


class ForAdmin(Base):
    """Skips the middleware for every request that is not for the admin."""

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(ADMIN):
            return super().__call__(request)
        return self.get_response(request)


class NulMiddleware(ForAdmin, MiddlewareMixin):
    """Refuses U+0000 in an address: PostgreSQL has no such text, and a lookup would fail."""

    def process_request(self, request: HttpRequest) -> None:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("An address cannot contain U+0000")


class SessionMiddleware(ForAdmin, sessions.SessionMiddleware):
    pass


class AuthenticationMiddleware(ForAdmin, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(ForAdmin, messages.MessageMiddleware):
    pass


class LoginLimits:
    """Counts the logins to the admin with those to the API, and hashes as few at the same time."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> Any:
        """Answer a login; None leaves other requests alone."""
        if request.method != "POST" or request.path_info != reverse("admin:login"):
            return None
        counted = login_counted(request, request.POST.get("username", ""))
        if (wait_s := seconds_to_wait(counted)) is not None:
            return _refused(request, 429, str(max(1, math.ceil(wait_s))))
        try:
            with hashing_turn():
                return view(request, *args, **kwargs)
        except TooManyLogins:
            return _refused(request, 503, RETRY_AFTER_S)


def _refused(request: HttpRequest, status: int, wait_s: str) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": "Too many logins", "wait_s": wait_s}
    response = TemplateResponse(request, "config/too_many_logins.html", context, status=status)
    response["Retry-After"] = wait_s
    return response


class UnavailablePage(ForAdmin, MiddlewareMixin):
    """Answers 503 with a page when a database is not available; the admin's own needs one."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        unavailable = as_unavailable(error)
        if unavailable is None or not request.path_info.startswith(ADMIN):
            return None
        answer = problems.database_unavailable(request, unavailable)
        page = "<!doctype html><title>503</title><h1>Not available now</h1><p>{}. Try again.</p>"
        answer.content = format_html(page, str(unavailable)).encode()
        answer["Content-Type"] = "text/html; charset=utf-8"
        return answer
