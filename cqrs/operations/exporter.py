"""Serve the metrics of a process that serves no HTTP otherwise."""

import hmac
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import make_wsgi_app

from cqrs.conf import conf
from cqrs.operations.metrics import counted_registry

PORTS = 10
CHALLENGE = 'Bearer realm="metrics"'
REMEDY = "Send METRICS_TOKEN as a Bearer"
log = structlog.get_logger("cqrs.metrics")
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class MetricsServer(ThreadingMixIn, WSGIServer):
    """One thread per scrape. Of two processes with one port the second must not share it."""

    daemon_threads = True
    allow_reuse_port = False

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's asks the DNS for the name of this host
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)
        self.setup_environ()


class QuietHandler(WSGIRequestHandler):
    """Logs no scrape."""

    timeout = 10  # seconds

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@cache
def serve_metrics() -> MetricsServer | None:
    """Serve what this process and its children count, once; None: nowhere.

    On `METRICS_PORT`, or the next free one: several processes of a host have one environment. With
    `METRICS_TOKEN` on all addresses, without it for this host alone.
    """
    if not conf().METRICS_PORT:
        return None
    server = _first_free(range(conf().METRICS_PORT, conf().METRICS_PORT + PORTS))
    if server is not None:
        log.info("metrics_served", port=server.server_port)
        Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def _first_free(ports: range) -> MetricsServer | None:
    """Bind one of the ports. Without one, a worker works without metrics."""
    token = conf().METRICS_TOKEN
    application = only_with(token, make_wsgi_app(counted_registry()))
    for port in ports:
        with suppress(OSError):
            host = "" if token else "127.0.0.1"
            return make_server(host, port, application, MetricsServer, QuietHandler)
    log.error("metrics_not_served", first=ports[0], last=ports[-1])
    return None


def is_right(authorization: str, token: str) -> bool:
    """Return whether the header `Authorization` brings the token."""
    scheme, _, given = authorization.partition(" ")
    return hmac.compare_digest(given.encode(), token.encode()) and scheme.lower() == "bearer"


def only_with(token: str, application: Application) -> Application:
    """Return the application for requests with the token; for all if it is empty."""

    def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if token and not is_right(environ.get("HTTP_AUTHORIZATION", ""), token):
            headers = [("Content-Type", "text/plain"), ("WWW-Authenticate", CHALLENGE)]
            start_response("401 Unauthorized", headers)
            return [f"{REMEDY}\n".encode()]
        return application(environ, start_response)

    return guarded
