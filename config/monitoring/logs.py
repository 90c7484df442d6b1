"""Write all logs as lines of JSON to standard error.

The product's own lines are written directly, because the handlers and formatters of the standard
library take seven times as long, and each message writes a line. Loggers of libraries use those
handlers. The levels apply to both.
"""

import json
import logging
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any, NoReturn

import orjson
import structlog
from structlog import DropEvent
from structlog.typing import ExcInfo

from config.monitoring.log_ids import with_ids, with_ids_of_request
from cqrs.messaging.error_text import error_traceback, masked

NUMBERS = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}

# Without a buffer: a line is one system call, so lines of several threads do not mix.
_stderr = open(2, "wb", buffering=0, closefd=False)  # noqa: SIM115  as long as the process


def standard(level: str, areas: Mapping[str, str]) -> dict[str, Any]:
    """Return Django's LOGGING: one level for all loggers, and those of areas with their own."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
        "foreign_pre_chain": [
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso"),
            with_ids_of_request,
            with_ids,
            structlog.contextvars.merge_contextvars,
            with_traceback,
            without_personal_data,
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {area: {"level": its} for area, its in areas.items()},
    }


def configure() -> None:
    """Let the product's own loggers write directly."""
    structlog.configure(
        processors=[
            by_level,
            with_ids,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso"),
            with_traceback,
            write_line,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        cache_logger_on_first_use=True,
    )


def by_level(
    logger: logging.Logger, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop what is below the level of its logger, or what a command has silenced."""
    level = NUMBERS[method]
    if level <= logger.manager.disable or level < logger.getEffectiveLevel():
        raise DropEvent
    return event


def _traceback(exc_info: ExcInfo) -> str:
    return error_traceback(exc_info[1])


# An exception's own text repeats values of rows, and logs hold no personal data.
with_traceback = structlog.processors.ExceptionRenderer(_traceback)


def without_personal_data(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask the message of a library, which can quote an error."""
    event["event"] = masked(str(event["event"]))
    return event


def write_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> NoReturn:
    """Write the event; later processors are skipped. A closed log does not fail a message."""
    with suppress(OSError):
        _stderr.write(line(event))
    raise DropEvent


def line(event: MutableMapping[str, Any]) -> bytes:
    """Return the event as JSON; values without a JSON form as their `repr`."""
    try:
        return orjson.dumps(event, default=repr, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half a surrogate pair, or a whole number of more than 64 bits
        return json.dumps(event, default=repr).encode() + b"\n"
