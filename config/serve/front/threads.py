"""The threads that run Django, one request at a time each."""

import asyncio
import os
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import structlog

from config.serve.front.environ import FileAnswer, answer, wsgi_environ
from cqrs.http.middleware import CALLER

if TYPE_CHECKING:
    from config.serve.front.request import Request

FILE_IS_OPEN_S = 30.0
"""After this time the server has opened a file that it was given to send."""

log = structlog.get_logger("cqrs.http")


class Threads:
    """Runs a WSGI application in threads that live as long as the process."""

    def __init__(self, application: Any, number: int, loop: asyncio.AbstractEventLoop) -> None:
        self.application, self.loop = application, loop
        self.requests: SimpleQueue[Request] = SimpleQueue()
        for index in range(number):
            Thread(target=self._run, name=f"web-{index}", daemon=True).start()

    def submit(self, request: "Request") -> None:
        """Answer the request in a thread, which then calls its `done`."""
        self.requests.put(request)

    def _run(self) -> None:
        while True:
            request = self.requests.get()
            try:
                self._answer(request)
            except BaseException:  # SystemExit and Rust's panics too: they would end the thread
                log.exception("request_failed")  # and the server answers 500
            finally:
                request.done()

    def _answer(self, request: "Request") -> None:
        protocol = request.protocol
        environ = wsgi_environ(request.scope, request.body)
        environ[CALLER] = request
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
                whole = b"".join(content)
                request.send(status, partial(protocol.response_bytes, status, headers, whole))
        finally:
            content.close()
