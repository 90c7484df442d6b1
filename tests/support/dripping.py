"""A server that never stops sending: each byte comes in time, and the answer has no end."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

DRIP_S = 0.02


@contextmanager
def dripping(first: bytes, then: bytes) -> Iterator[tuple[int, Event]]:
    """Send `first` to each client, and `then` again and again until it has gone.

    Yields the port, and an event that is set when a client has gone.
    """
    gone, stop = Event(), Event()

    def drip(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.sendall(first)
            while not stop.wait(DRIP_S):
                client.sendall(then)
        gone.set()

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                Thread(target=drip, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=accept, daemon=True).start()
        try:
            yield server.getsockname()[1], gone
        finally:
            stop.set()
            server.shutdown(socket.SHUT_RDWR)
