"""Translate a request of Granian's RSGI into a WSGI environment, and WSGI's answer back.

https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md and PEP 3333.
"""

import io
import os
import sys
from functools import lru_cache
from typing import IO, Any

UNREADABLE = "\x7f"
"""The value of a header that is not ASCII: no format that we read accepts it."""
CONSTANT = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Granian",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


class FileAnswer:
    """A file as the body: the server sends it at the client's pace, without a thread."""

    def __init__(self, file: IO[bytes], block_size: int = 0) -> None:
        """The arguments are those of WSGI's `wsgi.file_wrapper`."""
        self.file = file

    def descriptor(self) -> int | None:
        """Return a descriptor of its own for a whole file; None for a part, or without a file."""
        try:
            return None if self.file.tell() else os.dup(self.file.fileno())
        except (AttributeError, OSError):
            return None

    def read(self) -> bytes:
        return self.file.read()

    def close(self) -> None:
        """Close the file, and the response that it belongs to."""
        self.file.close()


def wsgi_environ(scope: Any, body: bytes) -> dict[str, Any]:
    """Return the environment of a request whose body has been read."""
    server_name, _, server_port = scope.server.rpartition(":")
    query = scope.query_string
    environ: dict[str, Any] = {
        **CONSTANT,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": server_name,
        "SERVER_PORT": server_port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.file_wrapper": FileAnswer,
    }
    _add_headers(environ, scope.headers)
    environ["CONTENT_LENGTH"] = str(len(body))  # chunked bodies have none of their own
    return environ


def _add_headers(environ: dict[str, Any], headers: Any) -> None:
    names = set()
    for header, value in headers.items():
        if (name := environ_name(header)) is None:
            continue
        names.add(header)
        if name in environ:
            value = f"{environ[name]}{'; ' if name == 'HTTP_COOKIE' else ','}{value}"
        environ[name] = value
    if len(names) < len(headers):  # `items` leaves out what is not ASCII
        for header in headers:
            if (name := environ_name(header)) is not None:
                environ.setdefault(name, UNREADABLE)


@lru_cache(maxsize=256)
def environ_name(header: str) -> str | None:
    """Return WSGI's name of a header; None for one that must not be seen.

    `X_Forwarded_For` and `X-Forwarded-For` would get one name: a client could speak for a proxy.
    """
    if "_" in header or header == "transfer-encoding":
        return None
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def answer(application: Any, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], Any]:
    """Call the WSGI application; return status, headers and its iterable, which must be closed."""
    head: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        head[:] = int(status[:3]), headers

    body = application(environ, start_response)
    return head[0], head[1], body
