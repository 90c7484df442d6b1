"""Limit what the server's connections may take: their number, and how long one may not read."""

import asyncio
import os
import resource
import socket

FOR_OTHERS = 256
"""File descriptors that stay for databases, Redis, logs and files."""
LOOK_S = 0.05


def connections(wanted: int) -> int:
    """Return how many connections may be open, after raising the limit of open files for them."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted + FOR_OTHERS
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, allowed - FOR_OTHERS)


def limit_sending(loop: asyncio.AbstractEventLoop, limit_s: float) -> None:
    """Let the operating system close connections whose client takes nothing for so long.

    Granian opens the listening socket and has no such option. Connections inherit it from there.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux has it
        return
    if not any(_limited(int(number), limit_s) for number in os.listdir("/proc/self/fd")):
        loop.call_later(LOOK_S, limit_sending, loop, limit_s)  # it does not listen yet


def _limited(number: int, limit_s: float) -> bool:
    """Set the limit if the descriptor is a TCP socket that listens; return whether it is one."""
    try:
        candidate = socket.socket(fileno=number)
    except OSError:  # no socket
        return False
    try:
        if candidate.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        if not candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return False
        candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(limit_s * 1000))
        return True
    finally:
        candidate.detach()  # the descriptor belongs to its opener
