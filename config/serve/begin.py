"""What `serve` does before anything slow: be stoppable, and be the only one.

Needs no settings, because reading them may start a database: manage.py calls `begin` first.
"""

import os
import signal
import sys
from functools import cache
from types import FrameType

from config.environment import local_dir
from config.serve.parent_death import end_with_parent
from config.serve.serve_lock import Refused, ServeLock, acquire

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@cache
def begin() -> ServeLock:
    """Stop cleanly on signals from now on; claim the checkout and the port, or exit 1."""
    for number in SIGNALS:
        signal.signal(number, _stop)
    if "END_WITH_PARENT" in os.environ:  # a killed make would leave the port taken
        end_with_parent(os.getppid(), signal.SIGTERM)
    try:
        return acquire(local_dir())
    except Refused as refused:
        sys.exit(str(refused))


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # a second signal changes nothing
    sys.exit(0)  # and the exit handlers stop the private PostgreSQL
