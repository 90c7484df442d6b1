"""Measure how long a committed order takes to become visible, by PostgreSQL's commit timestamps.

Both databases are of one server, so both times are of one clock, and no process has to poll.

A standby knows the commit times of its primary, not when it replayed what. A process beside it
notes that up to a thousand times a second (`replay.py`), in the same way for product and rival, and
by the clock of the same machine.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from statistics import median, quantiles

import psycopg
from redis import Redis

from benchmarks import programs
from benchmarks.databases import Databases
from benchmarks.standby import Replay
from config.environment import BASE_DIR

CLIENTS = 2
CONCURRENCY = "6"  # of the Celery worker
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR")
WARM_UP_S = 2.0
PATIENCE_S = 60.0
LOOK_S = 0.1
BARE_TABLES = (
    "CREATE TABLE bare_orders (id uuid PRIMARY KEY, content text)",
    "CREATE TABLE bare_read_orders (id uuid PRIMARY KEY, document text)",
)


@dataclass(frozen=True)
class Way:
    """One way from a write to a read: who places, the processes, and where the rows stand."""

    place: str
    celery: tuple[tuple[str, ...], ...]
    written: str
    visible: str
    commands: tuple[tuple[str, ...], ...] = ()
    """What `manage.py` runs beside Celery."""
    variables: Mapping[str, str] = field(default_factory=dict)


PRODUCT = Way(
    "benchmarks.product.place_orders",
    (  # what deploy/supervisord.conf runs
        ("config", "worker", "-Q", "projections", "--concurrency", CONCURRENCY, *ALONE),
        ("config", "worker", "-Q", "reactions", "-P", "threads", "--concurrency", "16", *ALONE),
        ("config", "beat", "--loglevel", "ERROR"),
    ),
    "SELECT data->>'order_id', pg_xact_commit_timestamp(xmin) FROM cqrs_event"
    " WHERE type = 'orders.order_created' AND metadata->>'actor' = 'bench'",
    "SELECT id::text, pg_xact_commit_timestamp(xmin) FROM read_orders WHERE version = 1",
)
CAPTURE = replace(
    PRODUCT,
    commands=(("cdc", "run", "--source", "embedded"),),
    variables={"READMODEL_SYNC": "cdc"},
)
BARE = Way(
    "benchmarks.rivals.on_commit_task",
    (("benchmarks.rivals.on_commit_task", "worker", "--concurrency", CONCURRENCY, *ALONE),),
    "SELECT id::text, pg_xact_commit_timestamp(xmin) FROM bare_orders",
    "SELECT id::text, pg_xact_commit_timestamp(xmin) FROM bare_read_orders",
)


@contextmanager
def workers(way: Way, data: Databases) -> Iterator[None]:
    """Run the way's processes."""
    environment = {**data.environment, **way.variables, "LOG_LEVEL": "WARNING"}
    commands = [["-m", "celery", "-A", *arguments] for arguments in way.celery]
    commands += [["manage.py", *arguments] for arguments in way.commands]
    with ExitStack() as stack:
        for command in commands:
            process = subprocess.Popen(
                [sys.executable, *command],
                env=environment,
                cwd=BASE_DIR,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
        _wait_until_ready(way, data)
        if way.commands:
            _wait_until_captured(data)
        yield


def _wait_until_ready(way: Way, data: Databases) -> None:
    """Wait until each worker asks Redis for tasks: it says nothing when it is ready."""
    workers = sum("worker" in arguments for arguments in way.celery)
    deadline = time.monotonic() + PATIENCE_S
    with Redis.from_url(data.environment["REDIS_URL"]) as redis:
        while sum(client["cmd"] == "brpop" for client in redis.client_list()) < workers:
            if time.monotonic() > deadline:
                raise programs.Failed("the workers do not start")
            time.sleep(0.2)


def _wait_until_captured(data: Databases) -> None:
    """Wait until a process reads the slot: what is committed then is captured."""
    reading = "SELECT FROM pg_replication_slots WHERE active AND database = %s"
    deadline = time.monotonic() + PATIENCE_S
    with psycopg.connect(data.write_url, autocommit=True) as connection:
        while connection.execute(reading, [data.names[0]]).fetchone() is None:
            if time.monotonic() > deadline:
                raise programs.Failed("the engine does not start: .ci/install cdc")
            time.sleep(0.2)


def measure(
    way: Way, data: Databases, rate: float, seconds: float, replay: Replay | None = None
) -> tuple[float, float]:
    """Place orders at this rate; return median and 99th percentile of the delay, in ms."""
    before = set(_times(data.write_url, way.written))
    with _seen(way, data) as visible:
        environment = {**data.environment, **way.variables}
        programs.run(way.place, environment, CLIENTS, seconds + WARM_UP_S, rate)
        times = _times(data.write_url, way.written)
        written = {key: at for key, at in times.items() if key not in before}
        deadline = time.monotonic() + PATIENCE_S
        while missing := [key for key in written if key not in visible]:
            if time.monotonic() > deadline:
                raise programs.Failed(f"{len(missing)} orders never came")
            time.sleep(0.2)
    if replay is not None:
        replay.finish(max(visible[key] for key in written))
        visible = {key: replay.seen(visible[key]) for key in written}
    begun = min(written.values())
    late = [visible[key] - at for key, at in written.items() if at > begun + WARM_UP_S]
    return median(late) * 1000, quantiles(late, n=100)[98] * 1000


@contextmanager
def _seen(way: Way, data: Databases) -> Iterator[dict[str, float]]:
    """Give the time of each row as it is first seen: a rebuild writes the row again, later."""
    seen: dict[str, float] = {}
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_S):
            for key, at in _times(data.read_url, way.visible).items():
                seen.setdefault(key, at)

    with ThreadPoolExecutor(1) as beside:
        looking = beside.submit(look)
        try:
            yield seen
        finally:
            is_over.set()
            looking.result()  # what it failed with explains orders that never came


def _times(url: str, statement: str) -> dict[str, float]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(statement).fetchall()
    return {key: at.timestamp() for key, at in rows}
