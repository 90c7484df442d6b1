"""Start and stop the server of a cluster."""

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from config.database.embedded import postmaster
from config.database.embedded.binaries import Binaries
from config.database.embedded.cluster import ADMINISTRATOR, Cluster
from config.database.embedded.errors import OWN_SERVER, EmbeddedPostgresError
from config.database.embedded.ports import free_port, is_free
from config.database.embedded.postmaster import Postmaster

START_S = 120  # recovery after a crash included
STOP_S = 20
# These pass: processes of a crashed server end a moment later; another program may take the port.
TRANSIENT_ERRORS = ("shared memory block", "could not bind", "could not create any TCP/IP sockets")


def start(cluster: Cluster, binaries: Binaries) -> Postmaster:
    """Start the server and return when it accepts connections, also after a crash."""
    if cluster.log.exists() and not postmaster.find(cluster.data):
        cluster.log.replace(cluster.log.with_suffix(".log.1"))
    deadline = time.monotonic() + START_S
    while True:
        running = postmaster.find(cluster.data)
        if running and running.answers():
            return running
        failure = "it does not get ready" if running else _try(cluster, binaries)
        if failure is None:
            continue
        if time.monotonic() > deadline or not (running or _is_transient(failure)):
            raise _cannot_start(cluster, failure)
        time.sleep(0.05)


def stop(data: Path) -> None:
    """Stop the server cleanly within `STOP_S`, else without a clean shutdown."""
    for number, patience_s in ((signal.SIGINT, STOP_S), (signal.SIGQUIT, 5)):
        server = postmaster.find(data)
        if server is None:
            return
        with suppress(ProcessLookupError):
            os.kill(server.pid, number)
        deadline = time.monotonic() + patience_s
        while postmaster.find(data) and time.monotonic() < deadline:
            time.sleep(0.01)


def connect(port: int, password: str, database: str) -> psycopg.Connection:
    """Connect as the administrator; each statement is a transaction."""
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=ADMINISTRATOR,
        password=password,
        dbname=database,
        autocommit=True,
        connect_timeout=10,
    )


def _try(cluster: Cluster, binaries: Binaries) -> str | None:
    port = cluster.state().port
    if port is None or not is_free(port):
        port = free_port()
        cluster.update_state(port=port)
    postmaster.disown_stale_pid(cluster.data)
    command: list[str | Path] = [binaries["pg_ctl"], "start", "--silent", "--wait"]
    command += [f"--timeout={START_S}", "-D", cluster.data, "-o", f"-p {port}"]
    cluster.log.touch(mode=0o600)  # the log can contain data
    with cluster.log.open("ab") as log:
        code = cluster.account.run(command, output=log).returncode
    return _last_error(cluster.log) if code else None


def _cannot_start(cluster: Cluster, failure: str) -> EmbeddedPostgresError:
    remedy = f"Repair what the log names, {OWN_SERVER}"
    return EmbeddedPostgresError(f"cannot start: {failure}", log=cluster.log, remedy=remedy)


def _is_transient(failure: str) -> bool:
    return any(sign in failure for sign in TRANSIENT_ERRORS)


def _last_error(log: Path) -> str:
    errors = re.findall(r"(?:FATAL|PANIC|error):.*", log.read_text(errors="replace"))
    return errors[-1] if errors else "pg_ctl says no more"
