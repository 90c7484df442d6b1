"""The mediator: `send` a command, `ask` a query.

Its tables are named in `settings.CQRS` (`cqrs/conf.py`) and read on first use.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from cqrs.conf import cached_setting, conf, tables
from cqrs.messaging import pipeline
from cqrs.messaging.messages import Command, Message, Query
from cqrs.messaging.results import Result


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


@cached_setting
def handlers() -> dict[type[Message], pipeline.Handler]:
    """Return every message type with its one handler, from the tables in the settings."""
    found: dict[type[Message], pipeline.Handler] = {}
    for table in tables(conf().HANDLERS):
        for message_type, handler in table.items():
            if message_type in found:
                raise ImproperlyConfigured(f"{message_type.__name__} has two handlers")
            found[message_type] = handler
    return found


@cached_setting
def _commands() -> pipeline.Next:
    return pipeline.build(tables(conf().COMMAND_BEHAVIORS), handlers())


@cached_setting
def _queries() -> pipeline.Next:
    return pipeline.build(tables(conf().QUERY_BEHAVIORS), handlers())
