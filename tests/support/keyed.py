"""Sending commands with an idempotency key."""

from contextlib import contextmanager
from dataclasses import replace

from cqrs.messaging import bus
from cqrs.messaging.context import current_context, use_context
from cqrs.messaging.results import Rejected

KEY = "k-1"


def send(command, key=KEY, **payload):
    return bus.send(command, payload, idempotency_key=key)


def code(result):
    return result.code if isinstance(result, Rejected) else "ok"


@contextmanager
def acting(actor, **changes):
    with use_context(replace(current_context(), actor=actor, **changes)):
        yield
