"""A wire between client and server that can be cut at the worst moment: around the COMMIT."""

import ctypes
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock, Thread

from config.database.embedded.ports import free_port

COMMIT = b"COMMIT\0"
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
# A socket filter of one instruction, "accept 0 bytes": the kernel confirms nothing that it drops.
_INSTRUCTION = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
_DROP = struct.pack("HL", 1, ctypes.addressof(_INSTRUCTION))


@dataclass
class Fault:
    """What happens to the next COMMIT, once.

    `reaches_server`: it is passed on. `awaits_answer`: the client's wire is cut when the server has
    answered, else at once. `then` runs after the cut.
    """

    reaches_server: bool
    awaits_answer: bool = True
    then: Callable[[], object] = lambda: None


class Wire:
    """One client's connection, passed on in both directions until one side ends it."""

    def __init__(self, proxy: "Proxy", client: socket.socket) -> None:
        self.proxy, self.client = proxy, client
        self.server = socket.create_connection(proxy.target, timeout=5)
        self.server.settimeout(None)
        self.fault: Fault | None = None
        self._once = Lock()
        for pump in (self._to_server, self._to_client):
            Thread(target=pump, daemon=True).start()

    def _to_server(self) -> None:
        with suppress(OSError):
            while data := self.client.recv(65536):
                if data.endswith(COMMIT) and self.proxy.fault is not None:
                    self._break(data)
                    return
                if not self.proxy.is_silent:
                    self.server.sendall(data)
        self.end()

    def _break(self, data: bytes) -> None:
        self.fault, self.proxy.fault = self.proxy.fault, None
        assert self.fault is not None
        if self.fault.reaches_server:
            self.server.sendall(data)
        if not self.fault.reaches_server or not self.fault.awaits_answer:
            self._cut()

    def _to_client(self) -> None:
        with suppress(OSError):
            while data := self.server.recv(65536):
                if self.fault is not None:
                    self._cut()
                    return
                self.client.sendall(data)
        self.end()

    def _cut(self) -> None:
        if self._once.acquire(blocking=False):  # a dying server sends a farewell
            assert self.fault is not None
            self.fault.then()  # first: the client comes back as soon as its wire is cut
            self.end()

    def end(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@dataclass
class Proxy:
    """Listens on a port of its own; `fault` meets one COMMIT, `refuses` counts newcomers to end.

    `is_silent` swallows all that clients send, as a server that hangs does.
    """

    target: tuple[str, int]
    fault: Fault | None = None
    refuses: int = 0
    is_silent: bool = False
    wires: list[Wire] = field(default_factory=list)

    def start(self) -> int:
        """Return the port."""
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        Thread(target=self._accept, daemon=True).start()
        port: int = self.listener.getsockname()[1]
        return port

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                try:
                    if self.refuses:
                        self.refuses -= 1
                        raise ConnectionRefusedError
                    self.wires.append(Wire(self, client))
                except OSError:
                    client.close()

    def vanish(self) -> None:
        """Drop every packet that comes, as a machine does that has lost its network."""
        for end in (self.listener, *(wire.client for wire in self.wires)):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, _DROP)

    def return_(self) -> None:
        """Accept connections again; those from before stay lost."""
        self.listener.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)

    def stop(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for wire in self.wires:
            wire.end()


@contextmanager
def proxied(host: str, port: int) -> Iterator[tuple[Proxy, int]]:
    proxy = Proxy((host, port))
    listens_on = proxy.start()
    try:
        yield proxy, listens_on
    finally:
        proxy.stop()
