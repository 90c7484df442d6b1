"""Django's middleware that only the admin needs, for the admin's addresses alone.

The API knows its callers by their tokens: a session, its user and messages in cookies cost it a
tenth of a request's time for nothing.
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
    """Let every request pass by that is not for the admin."""

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
