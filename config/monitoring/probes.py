"""Ask each dependency whether it can be used, with a limit that no state of it can exceed.

Every probe has a thread and a connection of its own, so none waits for requests or for another
probe. One that is still running when its answer is due counts as down, and is not started twice.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from django.conf import settings
from django.db import Error, connections
from redis.exceptions import RedisError

from cqrs import redis_server
from cqrs.cdc.states import State, current_state
from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS, WRITE_ALIAS
from cqrs.database.profiles import Profile, set_profile
from cqrs.operations.heartbeats import BEAT, SWEEP, WORKER, Seen, heartbeats
from cqrs.operations.progress import ahead_projections
from cqrs.projections.models import CaptureState

LIMIT_S = 1.0
UP, DOWN, READ_ONLY, IN_PROCESS = "up", "down", "read only", "in process"
AHEAD = "ahead of the log"


class Probe:
    """One question to one dependency, in one thread."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask
        self._pool = ThreadPoolExecutor(1, "probe", set_profile, (Profile.PROBE,))
        self._running: Future[Any] | None = None

    def start(self) -> Future[Any]:
        """Return the answer to come; that of the last start if it has not come yet."""
        if self._running is None or self._running.done():
            self._running = self._pool.submit(self._ask)
        return self._running


def ask_all(probes: Mapping[str, Probe]) -> dict[str, Any]:
    """Return the state of each dependency, within `LIMIT_S`."""
    answers = {name: probe.start() for name, probe in probes.items()}
    wait(answers.values(), LIMIT_S)
    return {name: each.result() if each.done() else DOWN for name, each in answers.items()}


def read_side() -> str:
    """Return whether the read side has applied what the log does not have any more."""
    try:
        return AHEAD if ahead_projections() else UP
    except Error:
        return DOWN
    finally:
        for alias in (WRITE_ALIAS, PROJECTION_ALIAS):
            connections[alias].close()


def change_capture() -> str:
    """Return how the capturing of changes stands: empty where there is none, or it was stopped."""
    try:
        return ", ".join(
            f"{each.source} {state}"
            for each in CaptureState.objects.using(READ_ALIAS).order_by("source")
            if (state := current_state(each)) != State.STOPPED
        )
    except Error:
        return ""
    finally:
        connections[READ_ALIAS].close()


def processes() -> dict[str, Any] | str:
    """Return how many workers live, and when each sign was last seen; no names: anyone may ask."""
    try:
        seen = heartbeats()
    except Error:
        return DOWN
    finally:
        connections[WRITE_ALIAS].close()
    alive = Counter(each.sign.queue for each in seen if each.is_alive and each.sign.kind == WORKER)
    return {
        "workers": {
            queue: {"alive": alive[queue], "last_heard_s": age_s}
            for queue, age_s in _youngest(seen, WORKER).items()
        },
        "beat": _youngest(seen, BEAT).get(""),
        "sweep": _youngest(seen, SWEEP),
    }


def _youngest(seen: Iterable[Seen], kind: str) -> dict[str, float]:
    """Return the age of the latest sign of this kind, by queue."""
    of_kind = [each for each in seen if each.sign.kind == kind]
    of_kind.sort(key=lambda each: -each.age_s)
    return {each.sign.queue: round(each.age_s, 1) for each in of_kind}


def redis() -> str:
    if not settings.REDIS_URL:
        return IN_PROCESS
    try:
        with redis_server.shared().use("health") as client:
            client.ping()
    except RedisError:
        return DOWN
    return UP
