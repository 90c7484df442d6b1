"""The last step of our own loggers: one line of JSON straight to standard error.

Through the standard library's handlers and formatters a line costs seven times as much, and there
is one per message. Other people's loggers go that way; the levels of LOGGING hold for both.
"""

import json
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, NoReturn

import orjson
from structlog import DropEvent

# Without a buffer: a line is one call of the system, so those of several threads stay whole.
_stderr = open(2, "wb", buffering=0, closefd=False)  # noqa: SIM115  as long as the process


def write_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> NoReturn:
    """Write the event, and leave nothing to do. A log that nobody takes fails no message."""
    with suppress(OSError):
        _stderr.write(line(event))
    raise DropEvent


def line(event: MutableMapping[str, Any]) -> bytes:
    """Return the event as JSON; what has no JSON as its `repr`."""
    try:
        return orjson.dumps(event, default=repr, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half a surrogate pair, or a whole number of more than 64 bits
        return json.dumps(event, default=repr).encode() + b"\n"
