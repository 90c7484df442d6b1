"""The threads that run Django, one request at a time each."""

import asyncio
import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any

import structlog

from config.serve.front.environ import FileAnswer, answer, wsgi_environ
from cqrs.http.middleware import CALLER
from cqrs.messaging.context import Caller

FILE_IS_OPEN_S = 30.0
"""After this time the server has opened a file that it was given to send."""

log = structlog.get_logger("cqrs.http")


class Threads:
    """Runs a WSGI application in threads that live as long as the process."""

    def __init__(self, application: Any, number: int, loop: asyncio.AbstractEventLoop) -> None:
        self.application, self.loop = application, loop
        self.requests: SimpleQueue[tuple[Any, Any, bytes, Caller, Callable[[], None]]] = (
            SimpleQueue()
        )
        for index in range(number):
            Thread(target=self._run, name=f"web-{index}", daemon=True).start()

    def submit(
        self, scope: Any, protocol: Any, body: bytes, caller: Caller, done: Callable[[], None]
    ) -> None:
        """Answer the request in a thread, which then calls `done`."""
        self.requests.put((scope, protocol, body, caller, done))

    def _run(self) -> None:
        while True:
            scope, protocol, body, caller, done = self.requests.get()
            try:
                self._answer(scope, protocol, body, caller)
            except Exception:
                log.exception("request_failed")  # and the server answers 500
            finally:
                done()

    def _answer(self, scope: Any, protocol: Any, body: bytes, caller: Caller) -> None:
        environ = wsgi_environ(scope, body)
        environ[CALLER] = caller
        status, headers, content = answer(self.application, environ)
        try:
            descriptor = content.descriptor() if isinstance(content, FileAnswer) else None
            if descriptor is not None:
                protocol.response_file(status, headers, f"/proc/self/fd/{descriptor}")
                self.loop.call_soon_threadsafe(
                    self.loop.call_later, FILE_IS_OPEN_S, os.close, descriptor
                )
            elif isinstance(content, FileAnswer):
                protocol.response_bytes(status, headers, content.read())
            else:
                protocol.response_bytes(status, headers, b"".join(content))
        finally:
            content.close()
