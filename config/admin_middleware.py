"""Run the middleware that only the admin needs on the admin's addresses alone.

The API authenticates by tokens. Sessions, their users and messages in cookies would take a tenth of
its time per request.
"""

from typing import TYPE_CHECKING, Any

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

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


class SessionMiddleware(ForAdmin, sessions.SessionMiddleware):
    pass


class AuthenticationMiddleware(ForAdmin, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(ForAdmin, messages.MessageMiddleware):
    pass
