"""The front of the web server over a small application: what runs in the web process.

It reports in a folder what it runs, and holds requests until the folder says otherwise.
"""

import io
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import django
import orjson

SHARES = {"writes": 2, "reads": 2, "logins": 1, "exports": 1}
THREADS = 4
MAX_BODY_BYTES = 1_000_000
BODY_LIMIT_S, HEADERS_LIMIT_S, QUEUE_LIMIT_S, SEND_LIMIT_S, REFUSAL_DELAY_S = 1, 1, 1, 1, 1
MAX_QUEUED = 100
BIG_BYTES = 64 * 1024 * 1024


class Application:
    """Answers by path: /echo, /environ, /hold/NAME, /wait/NAME, /file, /big, /part, …/refuse.

    Probes have their path, so the query says what to do: hold, refuse or exit, in this order.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        _, action, *rest = environ["PATH_INFO"].split("/")
        query = environ["QUERY_STRING"].split("&")
        if action in ("hold", "wait") or "hold" in query:
            self._hold(environ, rest[0], leaves_share=action == "wait")
        if "exit" in query:
            raise SystemExit
        if rest == ["refuse"] or "refuse" in query:
            start("503 Service Unavailable", [])
            return [b"refused"]
        if action in ("file", "big", "part"):
            start("200 OK", [("Content-Type", "text/plain")])
            return environ["wsgi.file_wrapper"](_file(action), 4096)
        body = environ["wsgi.input"].read()
        if action == "environ":
            body = orjson.dumps({key: str(value) for key, value in environ.items()})
        (self.folder / "bodies").open("ab").write(body + b"\n")
        own = ("X-Request-Id", environ.get("HTTP_X_REQUEST_ID", "none"))
        start("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Answer", "yes"), own])
        return _Body(self.folder, body)

    def _hold(self, environ: dict[str, Any], name: str, *, leaves_share: bool) -> None:
        (self.folder / f"started-{name}").touch()
        if leaves_share:
            environ["cqrs.caller"].leave_share()
        while not (self.folder / "release").exists() and not environ["cqrs.caller"].has_left():
            time.sleep(0.005)
        (self.folder / f"ended-{name}").touch()


class _Body(list[bytes]):
    """What an application returns: its `close` has to be called."""

    def __init__(self, folder: Path, body: bytes) -> None:
        super().__init__([body])
        self.folder = folder

    def close(self) -> None:
        (self.folder / "closed").touch()


def _file(kind: str) -> Any:
    if kind == "part":
        return io.BytesIO(b"a part")
    file = tempfile.TemporaryFile()  # noqa: SIM115  the front closes it
    if kind == "big":
        file.truncate(BIG_BYTES)
    else:
        file.write(b"the whole file")
    file.seek(0)
    return file


def front() -> Any:
    """Return the front over the application; Granian calls this in its web process."""
    django.setup()
    from config.serve.front import shares
    from config.serve.front.front import Front

    shares.MAX_QUEUED = MAX_QUEUED
    return Front(
        Application(Path(os.environ["FRONT_FOLDER"])),
        threads=THREADS,
        shares=SHARES,
        max_body_bytes=MAX_BODY_BYTES,
        body_limit_s=BODY_LIMIT_S,
        queue_limit_s=QUEUE_LIMIT_S,
        send_limit_s=SEND_LIMIT_S,
        refusal_delay_s=REFUSAL_DELAY_S,
    )
