"""Sending commands at the same time, each thread with its own connection and real commits."""

from collections.abc import Callable
from functools import partial
from typing import Any

from cqrs.messaging import bus
from cqrs.messaging.messages import Command
from cqrs.messaging.results import Result
from cqrs.testing.threads import PATIENCE_S, together

__all__ = ["PATIENCE_S", "attempt", "together"]


def attempt(command: type[Command], **payload: Any) -> Callable[[], Result[Any]]:
    """Return a function that sends the command."""
    return partial(bus.send, command, payload)
