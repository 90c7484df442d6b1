"""Read the bodies of requests on the server's loop, within limits of size and time."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SMALL_BYTES = 64 * 1024
MAX_LARGE_BYTES = 64 * 1024 * 1024
"""What bodies above `SMALL_BYTES` may take together, so that slow ones cannot fill the memory."""


class TooLarge(Exception):
    """The body has more bytes than the limit."""


class TooSlow(Exception):
    """The body was not there in time."""


class NoMemory(Exception):
    """Other large bodies are being read: try again later."""


class Aborted(Exception):
    """The client has gone before the body was complete."""


class Bodies:
    """Reads bodies of up to `max_bytes`, each within `limit_s`."""

    def __init__(self, max_bytes: int, limit_s: float) -> None:
        self.max_bytes, self.limit_s = max_bytes, limit_s
        self.reserved = 0  # bytes of large bodies

    async def read(self, scope: Any, protocol: Any) -> bytes:
        """Return the whole body; raises one of this module's exceptions."""
        headers = scope.headers
        is_chunked = "transfer-encoding" in headers
        length = headers.get("content-length")
        if length is None and not is_chunked:
            return b""
        if not is_chunked and int(length) > self.max_bytes:
            raise TooLarge
        try:
            async with asyncio.timeout(self.limit_s):
                if is_chunked:
                    return await self._chunked(protocol)
                return await self._of_length(int(length), protocol)
        except TimeoutError as error:
            raise TooSlow from error
        except RuntimeError as error:  # Granian's, for a connection that is closed
            raise Aborted from error

    async def _of_length(self, length: int, protocol: Any) -> bytes:
        with self._reservation() as reserve:
            reserve(length if length > SMALL_BYTES else 0)
            return bytes(await protocol())

    async def _chunked(self, protocol: Any) -> bytes:
        body, ends = bytearray(), 0
        with self._reservation() as reserve:
            async for chunk in protocol:
                reserve(len(chunk))
                body += chunk
                ends += not chunk
                if len(body) > self.max_bytes:
                    raise TooLarge
        if ends > 1:  # Granian gives one empty chunk at the end, and one for a broken connection
            raise Aborted
        return bytes(body)

    @contextmanager
    def _reservation(self) -> Iterator[Callable[[int], None]]:
        taken = 0

        def reserve(size: int) -> None:
            nonlocal taken
            if self.reserved + size > MAX_LARGE_BYTES:
                raise NoMemory
            self.reserved += size
            taken += size

        try:
            yield reserve
        finally:
            self.reserved -= taken
