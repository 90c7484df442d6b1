"""The rivals' databases: Django's own backend, with connections that stay open, unchecked."""

from typing import Any

from config.database.databases import database


def plain_database(url: str) -> dict[str, Any]:
    """Return Django's settings for a `postgresql://` URL."""
    backend = "django.db.backends.postgresql"
    return {**database("default", url), "ENGINE": backend, "CONN_HEALTH_CHECKS": False}
