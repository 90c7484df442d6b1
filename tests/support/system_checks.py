"""Run the system checks of the kernel, with tables of the test added to the settings."""

from typing import Any

from django.conf import settings
from django.core.checks import run_checks

from tests.support.kernel_settings import cqrs


def found() -> list[tuple[str, str, str | None]]:
    """Return id, text and hint of each message, sorted: checks run in any order."""
    messages = run_checks(tags=["cqrs"])
    return sorted((str(each.id), each.msg, each.hint) for each in messages)


def added(setting: str, *tables: str, **changes: Any) -> Any:
    """Return a context manager in which an entry of `settings.CQRS` has these tables, too."""
    return cqrs(**{setting: [*settings.CQRS.get(setting, ()), *tables], **changes})
