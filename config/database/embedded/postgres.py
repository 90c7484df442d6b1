"""The addresses of the private PostgreSQL, which runs while this process does."""

import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial

import structlog

from config.database.embedded import leases, postmaster, server
from config.database.embedded.account import server_account
from config.database.embedded.binaries import find_binaries
from config.database.embedded.cluster import ADMINISTRATOR, Cluster, State, create
from config.database.embedded.errors import OWN_SERVER, EmbeddedPostgresError
from config.database.embedded.home import home
from config.database.rights import statements
from config.database.rights.apply import apply
from config.database.rights.roles import ReadDatabase, WriteDatabase, roles_of
from config.secret_files import write_secret

DATABASES = {"default": "desk_write", "replica": "desk_read"}
ROLES = (
    WriteDatabase(
        DATABASES["default"],
        owner="desk_write_owner",
        writer="desk_write",
        capture="desk_capture",
    ),
    ReadDatabase(
        DATABASES["replica"],
        owner="desk_read_owner",
        projector="desk_projector",
        reader="desk_reader",
    ),
)
ADMINISTRATOR_FILE = "postgres_admin_url"
WATCH_S = 1.0

log = structlog.get_logger("config.database")


def urls() -> dict[str, str]:
    """Return the database URLs by alias; start the server unless it runs.

    Raises EmbeddedPostgresError, whose text names the log and the remedy.
    """
    return role_urls(*_joined())


def role_urls(port: int, state: State) -> dict[str, str]:
    """Return the URL of each use of the databases, with the role for it."""
    write, read = ROLES
    return {
        name: url(port, role, state.role_passwords[role], database)
        for name, role, database in (
            ("default", write.writer, write.name),
            ("replica", read.reader, read.name),
            ("replica_writer", read.projector, read.name),
            ("migration", write.owner, write.name),
            ("replica_migration", read.owner, read.name),
            ("capture", write.capture, write.name),
        )
    }


def url(port: int, user: str, password: str, database: str) -> str:
    return f"postgresql://{user}:{password}@127.0.0.1:{port}/{database}"


def administrator_url(port: int, state: State) -> str:
    return url(port, ADMINISTRATOR, state.password, DATABASES["default"])


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
                log.warning("private_postgres_died")  # and it is started again
                with leases.start_lock(cluster.home):
                    _running(cluster)
        except (EmbeddedPostgresError, OSError):
            log.exception("private_postgres_not_started")


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
        port, state = _running(cluster).port, cluster.state()
        write_secret(ADMINISTRATOR_FILE, administrator_url(port, state))
        return port, state


def _running(cluster: Cluster) -> postmaster.Postmaster:
    running = postmaster.find(cluster.data)
    if running and running.answers() and cluster.state().rights == _digest():
        return running
    binaries = find_binaries(cluster.home, cluster.account, cluster.major)
    if cluster.major is None:
        create(cluster, binaries)
    running = server.start(cluster, binaries)
    prepare(cluster, running.port)
    return running


def prepare(cluster: Cluster, port: int) -> None:
    """Create databases, roles and rights, which a cluster of another build lacks."""
    state = cluster.state()
    if state.rights == _digest():
        return
    passwords = {role: secrets.token_urlsafe(24) for role in roles_of(ROLES)}
    passwords.update(state.role_passwords)
    for each in ROLES:
        apply(partial(server.connect, port, state.password), each, passwords)
    cluster.update_state(role_passwords=passwords, rights=_digest())


def _digest() -> str:
    return hashlib.sha256(statements.script(ROLES).encode()).hexdigest()
