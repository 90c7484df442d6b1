"""Check permissions: in this place alone, for HTTP, the admin, tasks and management commands."""

from typing import Any

from django.core.exceptions import PermissionDenied

from cqrs.messaging.context import current_context
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Result


def authorization(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Raise `PermissionDenied` unless the context holds the message's permission."""
    permissions = current_context().permissions
    needed = dispatch.message_type.permission
    if permissions is not None and needed not in permissions:
        raise PermissionDenied(f"{dispatch.name} needs the permission {needed}")
    return call_next(dispatch)
