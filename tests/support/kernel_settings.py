"""Other settings of the kernel for a block or a test."""

from typing import Any

from django.conf import settings
from django.test import override_settings


def cqrs(**changes: Any) -> override_settings:
    """Return a context manager with these entries of `settings.CQRS` in force."""
    return override_settings(CQRS={**settings.CQRS, **changes})
