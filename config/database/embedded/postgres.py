"""The addresses of the private PostgreSQL, which runs while this process does."""

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial

from config.database import reader_role
from config.database.embedded import leases, postmaster, server
from config.database.embedded.account import server_account
from config.database.embedded.binaries import find_binaries
from config.database.embedded.cluster import READER, USER, Cluster, State, create
from config.database.embedded.errors import OWN_SERVER, EmbeddedPostgresError
from config.database.embedded.home import home

DATABASES = {"default": "desk_write", "replica": "desk_read"}
WATCH_S = 1.0
logger = logging.getLogger(__name__)


def urls() -> dict[str, str]:
    """Return the database URLs by alias; start the server unless it runs.

    Raises EmbeddedPostgresError, whose text names the log and the remedy.
    """
    port, state = _joined()
    return {
        "default": url(port, USER, state.password, DATABASES["default"]),
        "replica": url(port, READER, state.reader_password, DATABASES["replica"]),
        "replica_writer": url(port, USER, state.password, DATABASES["replica"]),
    }


def url(port: int, user: str, password: str, database: str) -> str:
    return f"postgresql://{user}:{password}@127.0.0.1:{port}/{database}"


@contextmanager
def restarted_when_it_dies() -> Iterator[None]:
    """Restart the server when it dies during the block, if this process uses it."""
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(done,), daemon=True)
    if _joined.cache_info().currsize:
        watch.start()
    try:
        yield
    finally:
        done.set()
        if watch.is_alive():
            watch.join()  # else it could restart the server after its stop


def _watch(done: threading.Event) -> None:
    cluster = Cluster(home(), server_account())
    while not done.wait(WATCH_S):
        try:
            if not postmaster.find(cluster.data):
                logger.warning("the private PostgreSQL died, starting it again")
                with leases.start_lock(cluster.home):
                    _running(cluster)
        except (EmbeddedPostgresError, OSError):
            logger.exception("the private PostgreSQL does not start")


@cache
def _joined() -> tuple[int, State]:
    try:
        return _join(Cluster(home(), server_account()))
    except OSError as error:
        raise EmbeddedPostgresError(
            str(error), remedy=f"Set LOCAL_DIR to a folder that can be written, {OWN_SERVER}"
        ) from error


def _join(cluster: Cluster) -> tuple[int, State]:
    # Before anything starts, so that an interrupted start is cleaned up as well.
    leases.join(cluster.home, partial(server.stop, cluster.data))
    with leases.start_lock(cluster.home):
        return _running(cluster).port, cluster.state()


def _running(cluster: Cluster) -> postmaster.Postmaster:
    running = postmaster.find(cluster.data)
    if running and running.answers() and cluster.state().reader_password:
        return running
    binaries = find_binaries(cluster.home, cluster.account, cluster.major)
    if cluster.major is None:
        create(cluster, binaries)
    running = server.start(cluster, binaries)
    prepare(cluster, running.port)
    return running


def prepare(cluster: Cluster, port: int) -> None:
    """Create the databases and the reader, which a cluster of an earlier version lacks."""
    state = cluster.state()
    server.create_databases(port, state.password, DATABASES.values())
    if not state.reader_password:
        password = secrets.token_urlsafe(24)
        with server.connect(port, state.password, DATABASES["default"]) as connection:
            reader_role.revoke_public_connect(connection)
        with server.connect(port, state.password, DATABASES["replica"]) as connection:
            reader_role.create(connection, READER, password)
        cluster.update_state(databases=True, reader_password=password)
