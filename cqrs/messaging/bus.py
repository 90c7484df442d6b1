"""The mediator: `send` a command, `ask` a query.

Each is one pipeline, built on first use from the tables that `settings.CQRS` names. The same with
one behavior and one handler:

    >>> from cqrs.behaviors.validation import validation
    >>> from cqrs.messaging.results import Ok
    >>> class LendBook(Command):
    ...     title: str
    >>> def lend_book(command: LendBook) -> Result[str]:
    ...     return Ok(f"{command.title} is lent")
    >>> handle = pipeline.build([validation], {LendBook: lend_book})
    >>> handle(pipeline.Dispatch(LendBook, {"title": "Emma"}))
    Ok(value='Emma is lent', replayed=False)
    >>> handle(pipeline.Dispatch(LendBook, {})).code
    'invalid'
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
    expected_epoch: int | None = None,
) -> Result[Any]:
    """Handle a command on `default` and return its result.

    With an `idempotency_key` the same message is handled once within a day, and then its stored
    answer is returned. Keys of different actors and of different commands do not collide. With an
    `expected_epoch`, that of a consistency token, it is refused with `lost_past` in another one.

    Returns `Rejected` for an invalid payload and for every business refusal. Raises
    `PermissionDenied`, `OutcomeUnknown` when the connection broke during COMMIT and the server
    cannot say how it ended, and database errors after the attempts of the retry behavior.
    """
    dispatch = pipeline.Dispatch(
        command_type, payload, idempotency_key, expected_epoch=expected_epoch
    )
    return _commands()(dispatch)


def ask(query_type: type[Query], payload: Mapping[str, Any] | Query) -> Result[Any]:
    """Answer a query from `replica` and return its result.

    Raises `PermissionDenied`, and database errors after one repetition on a new connection.
    """
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
