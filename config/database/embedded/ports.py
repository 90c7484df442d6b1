"""Find free ports below 32768: higher ones collide with outgoing connections."""

import secrets
import socket

LOWEST, HIGHEST = 15_000, 32_767


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port with connections in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    for _ in range(200):
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST + 1)
        if is_free(port):
            return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST}")
