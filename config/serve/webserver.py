"""Granian for `serve`: quiet, on a reserved port, and stopped by its parent alone."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

from django.conf import settings
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from config.monitoring.metrics_directory import count_together
from config.serve.front.sockets import connections
from config.serve.serve_lock import ServeLock

STOP_S = 5  # for requests in progress
LIKE_ALL_OTHERS = {"handlers": [], "propagate": True}  # its lines are JSON, too


def run(held: ServeLock) -> None:
    """Serve on the reserved port until a signal stops it."""
    os.environ["SERVE_PID"] = str(os.getpid())
    # A new interpreter: connections, threads and locks of this one must not be forked.
    multiprocessing.set_start_method("spawn", force=True)
    count_together("web")
    WebServer(held, workers=web_workers()).serve()


def web_workers() -> int:
    """Return the number of web processes, or exit with 1 when they could not work together."""
    workers: int = settings.WEB_WORKERS
    if workers > 1 and not settings.REDIS_URL:
        sys.exit(
            f"WEB_WORKERS={workers} needs REDIS_URL: "
            "the in-process broker and cache cannot be shared between processes"
        )
    return workers


class WebServer(MPServer):
    """One supervising process (this one) and its web workers."""

    def __init__(self, held: ServeLock, *, workers: int) -> None:
        super().__init__(
            "config.rsgi:application",
            address=held.host,
            port=held.port,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            websockets=False,
            workers=workers,
            backpressure=connections(settings.WEB_CONNECTIONS),
            http1_settings=HTTP1Settings(header_read_timeout=settings.WEB_HEADERS_LIMIT_S * 1000),
            log_level=LogLevels.error,
            log_dictconfig={"loggers": {"_granian": LIKE_ALL_OTHERS}},
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_S,
        )
        self._held = held
        self._hangup = signal.getsignal(signal.SIGHUP)
        self.on_startup(self._stop_on_hangup)

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        self._held.announce_stop()
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]

    def shutdown(self, exit_code: int = 0) -> None:
        # After the signal to stop, a worker that ends before the others is no failure.
        if self.interrupt_signal:
            self.interrupt_children.clear()
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]

    def _spawn_workers(self, *args: Any) -> None:
        with _no_interrupt():
            super()._spawn_workers(*args)  # type: ignore[no-untyped-call]

    def _respawn_workers(self, *args: Any, **kwargs: Any) -> None:
        with _no_interrupt():
            super()._respawn_workers(*args, **kwargs)

    def _stop_on_hangup(self) -> None:
        # Granian reloads on SIGHUP; a closed terminal must stop the server.
        if self._hangup is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self.signal_handler_interrupt)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Start children that do not see the terminal's Ctrl-C: their parent stops them in order."""
    resource_tracker.ensure_running()  # its start would unblock the signal
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
