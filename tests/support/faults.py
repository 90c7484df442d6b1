"""What commands are made to suffer in these tests."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from django.db import connection, connections
from django.db.models import Model

from cqrs.event_log.signals import event_published
from cqrs.messaging import bus
from cqrs.messaging.messages import Message
from tests.support.threads import together


class Broken(Exception):
    """A failure that no code expects."""


def fail(*_: Any, **__: Any) -> NoReturn:
    raise Broken("no")


@contextmanager
def handled_by(message: type[Message], handler: Callable[[Any], Any]) -> Iterator[None]:
    handlers = bus.handlers()
    before = handlers[message]
    handlers[message] = handler
    try:
        yield
    finally:
        handlers[message] = before


@contextmanager
def after_publishing(*faults: Callable[[], object]) -> Iterator[list[str]]:
    """Let each fault strike one event, in the transaction that has just published it.

    Yields the ids of all aggregates for which an event was published, in every attempt.
    """
    waiting, seen = list(faults), []

    def strike(aggregate: Any, **_: Any) -> None:
        seen.append(str(aggregate.pk))
        if waiting:
            waiting.pop(0)()

    event_published.connect(strike)
    try:
        yield seen
    finally:
        event_published.disconnect(strike)


def terminate() -> None:
    """End this thread's connection to the write side from another one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    assert together(lambda: execute("SELECT pg_terminate_backend(%s, 5000)", pid)) == [True]


def execute(sql: str, *parameters: Any) -> Any:
    """Return the first value."""
    with connections["default"].cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.fetchone()[0] if cursor.description else None


@contextmanager
def at_commit(sql: str) -> Iterator[None]:
    """Run SQL on the server during every COMMIT that has an event; `fault_n` counts them."""
    body = f"BEGIN IF nextval('fault_n') = 1 THEN {sql}; END IF; RETURN NULL; END"
    execute("CREATE SEQUENCE fault_n")
    execute(f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    execute("CREATE CONSTRAINT TRIGGER fault AFTER INSERT ON cqrs_event"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fault()")  # fmt: skip
    try:
        yield
    finally:
        execute("DROP TRIGGER fault ON cqrs_event")
        execute("DROP FUNCTION fault")
        execute("DROP SEQUENCE fault_n")


@contextmanager
def refused_updates(model: type[Model]) -> Iterator[None]:
    """Let the server refuse each UPDATE of the model's table."""
    body = "BEGIN RAISE EXCEPTION 'refused'; END"
    execute(f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    execute(f"CREATE TRIGGER refuse BEFORE UPDATE ON {model._meta.db_table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse()")  # fmt: skip
    try:
        yield
    finally:
        execute(f"DROP TRIGGER refuse ON {model._meta.db_table}")
        execute("DROP FUNCTION refuse")


def retries(logs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return why commands were repeated, by the lines of the log."""
    return [log["reason"] for log in logs if log["event"] == "command_retried"]
