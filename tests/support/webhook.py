"""A web server that takes posts and answers as a test wants it to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import orjson

from config.database.embedded.ports import free_port


@dataclass
class Webhook:
    url: str
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    posts: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    go_on: Event = field(default_factory=Event)
    """Clear it, and posts are taken but not answered."""

    def __post_init__(self) -> None:
        self.go_on.set()


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Listen until the block ends."""
    port = free_port()
    hook = Webhook(f"http://127.0.0.1:{port}/hook")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            named = {name.lower(): value for name, value in self.headers.items()}
            hook.posts.append((named, orjson.loads(body)))
            hook.go_on.wait(20)
            self.send_response(hook.status)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield hook
    finally:
        hook.go_on.set()
        server.shutdown()
        server.server_close()
