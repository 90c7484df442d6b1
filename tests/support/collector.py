"""A collector of traces that keeps what it gets: OTLP over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """The spans that processes have sent, by the name of their service."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.spans: list[tuple[str, Any]] = []

    def add(self, body: bytes) -> None:
        for part in ExportTraceServiceRequest.FromString(body).resource_spans:
            [service] = [
                each.value.string_value
                for each in part.resource.attributes
                if each.key == "service.name"
            ]
            self.spans += [(service, span) for scope in part.scope_spans for span in scope.spans]

    def of_trace(self, trace_id: str) -> dict[str, str]:
        """Return the service of each span of a trace, by the span's name."""
        return {
            span.name: service for service, span in self.spans if span.trace_id.hex() == trace_id
        }

    def linked_to(self, trace_id: str) -> dict[str, str]:
        """Return the service of each span that is linked to a trace, by the span's name."""
        return {
            span.name: service
            for service, span in self.spans
            if trace_id in {link.trace_id.hex() for link in span.links}
        }


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.add(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(server.server_port)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
