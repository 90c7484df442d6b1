"""A database that refuses connections, for one probe."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from config.monitoring.probes import Probe
from cqrs.database.breaker import database_breaker


@contextmanager
def refused(probe: Probe) -> Iterator[None]:
    """Let the probe's thread ask for `replica` at a port where no server listens."""
    probe._pool.submit(_connect_to, PORT="1").result()
    yield
    probe._pool.submit(_connect_to).result()
    database_breaker("replica").reset()  # does not wait for its next trial


def _connect_to(**changed: str) -> None:
    connections["replica"].close()
    connections["replica"].settings_dict = {**connections.settings["replica"], **changed}
