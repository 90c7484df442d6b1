"""The mediator: `send` a command, `ask` a query.

Its tables are named in `settings.CQRS` and read on first use, as Django does with MIDDLEWARE, so
that the order of the behaviors and the list of handlers can be read in one place.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from cqrs import pipeline
from cqrs.messages import Command, Message, Query
from cqrs.results import Result


def send(
    command_type: type[Command],
    payload: Mapping[str, Any] | Command,
    *,
    idempotency_key: str | None = None,
) -> Result[Any]:
    """Handle a command on `default` and return its result.

    With an `idempotency_key`, which is the actor's own for this type of command, the same
    message is handled once within a day and its first answer given again.

    A payload that is no valid message, and every business refusal, comes back as `Rejected`.
    Raises what the outside world does: `PermissionDenied`, and database errors after the
    retries of the transaction behavior.
    """
    return _commands()(pipeline.Dispatch(command_type, payload, idempotency_key))


def ask(query_type: type[Query], payload: Mapping[str, Any] | Query) -> Result[Any]:
    """Answer a query from `replica` and return its result."""
    return _queries()(pipeline.Dispatch(query_type, payload))


@cache
def handlers() -> dict[type[Message], pipeline.Handler]:
    """Return every message type with its one handler, from the tables in the settings."""
    found: dict[type[Message], pipeline.Handler] = {}
    for path in settings.CQRS["HANDLERS"]:
        for message_type, handler in import_string(path).items():
            if message_type in found:
                raise ImproperlyConfigured(f"{message_type.__name__} has two handlers")
            found[message_type] = handler
    return found


@cache
def _commands() -> pipeline.Next:
    return _pipeline("COMMAND_BEHAVIORS")


@cache
def _queries() -> pipeline.Next:
    return _pipeline("QUERY_BEHAVIORS")


def _pipeline(table: str) -> pipeline.Next:
    return pipeline.build([import_string(path) for path in settings.CQRS[table]], handlers())
