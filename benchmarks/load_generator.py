"""Send HTTP requests over connections that stay open, and measure; in a process of its own.

Reads what to do as JSON from stdin, prints what it found as JSON. Plain sockets in one thread: a
client library would need more of the machine than the servers that it measures.
"""

import json
import selectors
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass
class Client:
    """One connection with the request that it waits for."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    sent_at: float = 0.0

    def send(self, request: bytes) -> None:
        self.received.clear()
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def is_complete(self) -> bool:
        """Take what has arrived and say whether it is a whole answer."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed the connection")
        self.received += part
        end = self.received.find(HEAD_END)
        return end >= 0 and len(self.received) >= end + len(HEAD_END) + self._length(end)

    def _length(self, end: int) -> int:
        head = bytes(self.received[:end]).lower()
        at = head.find(LENGTH)
        return int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0

    @property
    def status(self) -> int:
        return int(self.received[9:12])


def measure(spec: dict[str, Any]) -> dict[str, Any]:
    """Keep every connection busy for `warm_up_s` and then `seconds`; count the latter alone."""
    requests = _requests(spec)
    selector = selectors.DefaultSelector()
    clients = [_connect(spec["host"], spec["port"]) for _ in range(spec["connections"])]
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ, client)
        client.send(next(requests))
    begin = time.perf_counter() + spec["warm_up_s"]
    end = begin + spec["seconds"]
    latencies: list[float] = []
    errors = answered = 0
    while (now := time.perf_counter()) < end:
        for key, _ in selector.select(timeout=end - now):
            client = key.data
            if not client.is_complete():
                continue
            done = time.perf_counter()
            answered += 1
            if client.status != spec["status"]:
                errors += 1
                sample = bytes(client.received[:2000]).decode(errors="replace")
                print(sample, file=sys.stderr)
            if begin <= done < end:
                latencies.append(done - client.sent_at)
            client.send(next(requests))
    return {**_summary(latencies, spec["seconds"]), "errors": errors, "answered": answered}


def _summary(latencies: list[float], seconds: float) -> dict[str, Any]:
    latencies.sort()
    count = len(latencies)
    return {
        "requests": count,
        "rate": count / seconds,
        "p50_ms": latencies[count // 2] * 1000 if count else None,
        "p99_ms": latencies[count * 99 // 100] * 1000 if count else None,
    }


def _connect(host: str, port: int) -> Client:
    connection = socket.create_connection((host, port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Client(connection)


def _requests(spec: dict[str, Any]) -> Iterator[bytes]:
    """Yield the requests in turn for ever; `keys` gives each an idempotency key of its own."""
    turn = 0
    heads = [_head(spec, one) for one in spec["requests"]]
    bodies = [
        json.dumps(one["body"]).encode() if "body" in one else b"" for one in spec["requests"]
    ]
    while True:
        place = turn % len(heads)
        turn += 1
        key = f"Idempotency-Key: {uuid.uuid4()}\r\n".encode() if spec.get("keys") else b""
        yield heads[place] + key + b"\r\n" + bodies[place]


def _head(spec: dict[str, Any], one: dict[str, Any]) -> bytes:
    lines = [f"{one.get('method', 'GET')} {one['path']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in spec["headers"].items()]
    lines += [f"{name}: {value}" for name, value in one.get("headers", {}).items()]
    lines.append(f"Host: {spec['host']}:{spec['port']}")
    if "body" in one:
        lines.append("Content-Type: application/json")
        lines.append(f"Content-Length: {len(json.dumps(one['body']).encode())}")
    return ("\r\n".join(lines) + "\r\n").encode()


if __name__ == "__main__":
    print(json.dumps(measure(json.load(sys.stdin))))
