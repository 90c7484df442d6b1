"""All that the kernel needs: two databases, a router, and one setting with the tables."""

import os
from typing import Any
from urllib.parse import urlsplit


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "PASSWORD": parts.password,
        "HOST": parts.hostname,
        "PORT": parts.port,
    }


SECRET_KEY = "the library's own key, long enough to sign access tokens"
ROOT_URLCONF = "library.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "cqrs",
    "cqrs.projections",
    "lending",
    "catalog",
]
DATABASES = {
    "default": _database(os.environ["LIBRARY_URL"]),
    "replica": _database(os.environ["LIBRARY_REPLICA_URL"]),
}
DATABASE_ROUTERS = ["library.router.LibraryRouter"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["cqrs.http.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "EXCEPTION_HANDLER": "cqrs.http.problems.exception_handler",
}
CQRS = {
    "HANDLERS": ["lending.commands.HANDLERS", "catalog.queries.HANDLERS"],
    "EVENTS": ["lending.events.EVENTS"],
    "PROJECTIONS": ["catalog.projections.PROJECTIONS"],
    "REACTIONS": ["lending.reactions.REACTIONS"],
}
