"""The first steps of `serve`: handle signals, and lock the checkout and the port.

They need no settings, because reading the settings can start a database: manage.py calls this
first.
"""

import signal
import sys
from functools import cache
from types import FrameType

from config.environment import local_dir
from config.serve.serve_lock import Refused, ServeLock, acquire

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@cache
def start_exclusively() -> ServeLock:
    """Stop cleanly on signals from now on; lock the checkout and the port, or exit with 1."""
    for number in SIGNALS:
        signal.signal(number, _stop)
    try:
        return acquire(local_dir())
    except Refused as refused:
        sys.exit(str(refused))


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # a second signal changes nothing
    sys.exit(0)  # and the exit handlers stop the private PostgreSQL
