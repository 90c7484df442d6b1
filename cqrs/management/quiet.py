"""Let a command that shows its own progress log only what went wrong."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def only_warnings() -> Iterator[None]:
    """Log no line below WARNING in the block, whatever the levels of the loggers are."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    finally:
        logging.disable(before)
