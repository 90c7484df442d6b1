"""The addresses of the private PostgreSQL, started or joined for the life of this process."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial

from config.embedded import postmaster, server, users
from config.embedded.account import server_account
from config.embedded.binaries import find_binaries
from config.embedded.cluster import USER, Cluster, create
from config.embedded.errors import OWN_SERVER, EmbeddedPostgresError
from config.embedded.home import home

DATABASES = {"default": "desk_write", "replica": "desk_read"}
WATCH_S = 1.0
logger = logging.getLogger(__name__)


def urls() -> dict[str, str]:
    """Return the database URLs by alias; start the server if this process is its first user.

    Raises EmbeddedPostgresError, whose one line names the log and the remedy.
    """
    port, password = _joined()
    return {
        alias: f"postgresql://{USER}:{password}@127.0.0.1:{port}/{name}"
        for alias, name in DATABASES.items()
    }


@contextmanager
def kept_running() -> Iterator[None]:
    """Start the server again whenever it dies, for as long as the block runs; if it is used."""
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(done,), daemon=True)
    if _joined.cache_info().currsize:
        watch.start()
    try:
        yield
    finally:
        done.set()
        if watch.is_alive():
            watch.join()  # else it would restart what the last user stops


def _watch(done: threading.Event) -> None:
    cluster = Cluster(home(), server_account())
    while not done.wait(WATCH_S):
        try:
            if not postmaster.find(cluster.data):
                logger.warning("the private PostgreSQL died, starting it again")
                with users.deciding(cluster.home):
                    _running(cluster)
        except (EmbeddedPostgresError, OSError):
            logger.exception("the private PostgreSQL does not start")


@cache
def _joined() -> tuple[int, str]:
    try:
        return _join(Cluster(home(), server_account()))
    except OSError as error:
        raise EmbeddedPostgresError(
            str(error), remedy=f"Set LOCAL_DIR to a folder that can be written, {OWN_SERVER}"
        ) from error


def _join(cluster: Cluster) -> tuple[int, str]:
    # Before anything starts, so that an interrupted start is cleaned up as well.
    users.join(cluster.home, partial(server.stop, cluster.data))
    with users.deciding(cluster.home):
        return _running(cluster).port, cluster.state().password


def _running(cluster: Cluster) -> postmaster.Postmaster:
    running = postmaster.find(cluster.data)
    if running and running.answers() and cluster.state().databases:
        return running
    binaries = find_binaries(cluster.home, cluster.account, cluster.major)
    if cluster.major is None:
        create(cluster, binaries)
    running = server.start(cluster, binaries)
    server.create_databases(running.port, cluster.state().password, DATABASES.values())
    cluster.remember(databases=True)
    return running
