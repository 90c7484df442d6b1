"""Use one Redis that may be away: it costs its time-out once, and not once per use.

All uses of the server in a process share its state. After a time-out or a lost connection they skip
the server, and a thread tries it until it answers again. So a server that hangs delays those that
are waiting for it at that moment, and no request after them.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from cqrs import metrics
from cqrs.conf import conf

PROBE_S = 0.5
WARN_S = 5.0  # between two lines about refusals: a full Redis refuses every write
# What refers to this key is invalid when it changes. Each process deletes it when its server is
# back, because what it should have invalidated meanwhile is unknown.
GENERATION_KEY = "cqrs:generation"
# Answers of a server that takes no writes at all: one that cannot save, or has lost a peer. Other
# answers concern one key or one command.
REFUSALS_TO_ALL = ("MISCONF", "NOREPLICAS", "MASTERDOWN")

log = structlog.get_logger("cqrs.redis")


class Skipped(redis.ConnectionError):
    """The server was away a moment ago, and has not answered a probe since."""


class RedisServer:
    """One Redis server as this process sees it."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self.client = redis.Redis.from_url(
            url,
            socket_connect_timeout=timeout_s,
            socket_timeout=timeout_s,
            # One more try, because a server that was restarted has closed its connections.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
        self.is_away = False
        self._lock = threading.Lock()
        self._left = 0  # how often a use has left it
        self._prober: threading.Thread | None = None
        self._warned_at = -WARN_S

    @contextmanager
    def use(self, purpose: str) -> Iterator[redis.Redis]:
        """Lend the client. Raises `redis.RedisError`: at once while the server is away."""
        if self.is_away:
            self._probe()
            raise Skipped(f"{purpose}: Redis is away")
        try:
            yield self.client
        except redis.RedisError as error:
            if _concerns_all(error):
                self.leave(purpose, error)
            else:
                self._warn(purpose, error)
            raise

    def leave(self, purpose: str, error: redis.RedisError) -> None:
        """Skip the server from now on, until it lets this process delete a key."""
        with self._lock:
            self._left += 1
            if not self.is_away:
                self.is_away = True
                metrics.BREAKER_OPENED["redis",].set_to_current_time()
                log.warning("redis_away", purpose=purpose, reason=type(error).__name__)
        self._probe()

    def _probe(self) -> None:
        """Start the thread that tries the server, unless it runs: a fork has none."""
        with self._lock:
            if self.is_away and (self._prober is None or not self._prober.is_alive()):
                self._prober = threading.Thread(target=self._try, name="redis-probe", daemon=True)
                self._prober.start()

    def _try(self) -> None:
        while True:
            time.sleep(PROBE_S)
            left = self._left
            try:
                self.client.connection_pool.disconnect(inuse_connections=False)
                self.client.delete(GENERATION_KEY)
            except redis.RedisError:
                metrics.BREAKER_OPENED["redis",].set_to_current_time()
                continue
            with self._lock:
                if self._left != left:
                    continue  # an invalidation was skipped after the key was deleted
                self.is_away, self._prober = False, None
                metrics.BREAKER_OPENED["redis",].set(0)
            log.warning("redis_back")
            return

    def _warn(self, purpose: str, error: redis.RedisError) -> None:
        now = time.monotonic()
        if now >= self._warned_at + WARN_S:
            self._warned_at = now
            # Without its text, which can repeat keys.
            log.warning("redis_refused", purpose=purpose, reason=type(error).__name__)


def shared() -> RedisServer:
    """Return the server at `REDIS_URL`."""
    return _server(conf().REDIS_URL, conf().REDIS_TIMEOUT_MS / 1000)


@cache
def _server(url: str, timeout_s: float) -> RedisServer:
    return RedisServer(url, timeout_s)


def _concerns_all(error: redis.RedisError) -> bool:
    if isinstance(error, redis.ConnectionError | redis.TimeoutError | redis.ReadOnlyError):
        return True
    # Not at the beginning: a pipeline puts the command in front.
    return any(refusal in str(error) for refusal in REFUSALS_TO_ALL)
