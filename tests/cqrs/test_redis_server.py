"""A Redis that is away costs a process its time-out once."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from django.core.cache import cache

from cqrs import redis_server
from cqrs.caching.entries import NO_ANSWER, CacheSlot
from cqrs.caching.redis import RedisCache
from cqrs.http.window_counters import WindowCounters
from cqrs.notifications import channel
from cqrs.queries.results import Results
from cqrs.redis_server import GENERATION_KEY, RedisServer, Skipped
from readmodels import flags
from tests.support.desk import wait_for
from tests.support.kernel_settings import cqrs
from tests.support.redis_faults import full, hanging, loading, refusing, unable_to_save
from tests.support.servers import PrivateRedis, private_redis

TIMEOUT_S = 0.25
ANSWER = Results.of(['{"a": 1}'])


@pytest.fixture(scope="module")
def any_redis() -> Iterator[PrivateRedis]:
    with private_redis() as server:
        yield server


@pytest.fixture
def private(any_redis: PrivateRedis) -> Iterator[PrivateRedis]:
    any_redis.start()
    with cqrs(REDIS_URL=any_redis.url):
        wait_for(lambda: not redis_server.shared().is_away)
        redis_server.shared().client.flushall()
        yield any_redis


def is_back() -> bool:
    return not redis_server.shared().is_away


def slot() -> CacheSlot:
    return CacheSlot("question", ("orders", "orders any"), 60)


def use_all() -> list[Any]:
    """Use Redis for everything that a request and a worker use it for."""
    counters, answers = WindowCounters(), RedisCache()
    found = answers.find(slot())
    answers.store(slot(), ANSWER, found.generation or b"none")
    answers.invalidate(["stock"])
    flags.raise_flags("a", "b", seconds=1)
    flags.lower_flags("a", "b")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counters.local, "increment", lambda *_: 7)
        number = counters.increment(str(time.monotonic()), 60)
    try:
        channel.publish("orders")
    except redis.RedisError:
        return [found.answer, number, "not announced"]
    return [found.answer, number, "announced"]


class TestEveryUse:
    @pytest.mark.parametrize("fault", [hanging, refusing, unable_to_save, loading])
    def test_skips_a_server_that_is_away_and_returns_by_itself(
        self, private: PrivateRedis, fault: Any
    ) -> None:
        assert use_all() == [None, 1, "announced"]
        assert use_all() == [ANSWER, 1, "announced"]
        with fault(private):
            use_all()
            assert redis_server.shared().is_away
            assert use_all() == [None, 7, "not announced"]
        wait_for(is_back)
        assert use_all() == [None, 1, "announced"], "an answer from before the outage"
        assert use_all() == [ANSWER, 1, "announced"]

    def test_skips_a_server_that_is_dead(self, private: PrivateRedis) -> None:
        use_all()
        private.kill()
        assert use_all() == [None, 7, "not announced"]
        private.start()
        wait_for(is_back)
        assert use_all() == [None, 1, "announced"]

    def test_goes_on_when_the_server_was_started_again(self, private: PrivateRedis) -> None:
        use_all()
        private.kill()
        private.start()
        assert use_all() == [None, 1, "announced"]
        assert is_back()

    def test_goes_on_when_the_server_was_flushed(self, private: PrivateRedis) -> None:
        use_all()
        redis_server.shared().client.flushall()
        assert use_all() == [None, 1, "announced"]
        assert use_all() == [ANSWER, 1, "announced"]

    def test_reads_and_invalidates_in_a_server_that_is_full(self, private: PrivateRedis) -> None:
        use_all()
        with full(private):
            assert use_all() == [ANSWER, 7, "announced"]
            RedisCache().invalidate(["orders"])
            assert RedisCache().find(slot()) is NO_ANSWER
            assert is_back()
        assert use_all() == [None, 1, "announced"]

    def test_waits_once_for_a_server_that_hangs(self, private: PrivateRedis) -> None:
        use_all()
        with hanging(private):
            started = time.monotonic()
            for _ in range(50):
                use_all()
            assert time.monotonic() - started < 2 * TIMEOUT_S + 1

    def test_waits_at_the_same_time_in_all_threads(self, private: PrivateRedis) -> None:
        use_all()
        together = threading.Barrier(8)

        def use_many() -> float:
            together.wait()
            started = time.monotonic()
            for _ in range(20):
                use_all()
            return time.monotonic() - started

        with hanging(private), ThreadPoolExecutor(8) as pool:
            longest = max(each.result() for each in [pool.submit(use_many) for _ in range(8)])
        assert longest < 2 * TIMEOUT_S + 2


class TestRedisServer:
    def test_is_not_skipped_for_what_concerns_one_key(self, private: PrivateRedis) -> None:
        server = redis_server.shared()
        server.client.lpush("list", "x")
        for _ in range(3):
            with pytest.raises(redis.ResponseError, match="WRONGTYPE"), server.use("a") as client:
                client.get("list")
        assert not server.is_away

    @pytest.mark.parametrize("fault", [refusing, unable_to_save])
    def test_is_skipped_when_a_pipeline_is_refused(self, private: PrivateRedis, fault: Any) -> None:
        with fault(private):
            WindowCounters().increment("a", 60)
            assert redis_server.shared().is_away

    def test_is_tried_by_a_thread_of_this_process(self) -> None:
        """A fork has the state of its parent, and none of its threads."""
        server = RedisServer("redis://127.0.0.1:1/0", TIMEOUT_S)
        server.is_away, server._prober = True, threading.Thread()
        with pytest.raises(Skipped), server.use("a"):
            pass
        assert server._prober.is_alive()

    def test_drops_all_answers_before_it_is_used_again(self, private: PrivateRedis) -> None:
        server = redis_server.shared()
        server.client.set(GENERATION_KEY, "old")
        server.leave("test", redis.ConnectionError())
        wait_for(lambda: not server.is_away)
        assert server.client.get(GENERATION_KEY) is None

    def test_drops_them_again_when_an_invalidation_was_skipped_meanwhile(
        self, private: PrivateRedis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server, dropped = redis_server.shared(), []
        delete = server.client.delete

        def overtaken(*keys: str) -> Any:
            deleted = delete(*keys)
            dropped.append(keys)
            if len(dropped) == 1:
                RedisCache().invalidate(["orders"])
            return deleted

        monkeypatch.setattr(server.client, "delete", overtaken)
        server.leave("test", redis.ConnectionError())
        wait_for(lambda: not server.is_away)
        assert dropped == [(GENERATION_KEY,)] * 2

    def test_uses_a_time_out_that_is_a_setting(self, private: PrivateRedis) -> None:
        with cqrs(REDIS_URL=private.url, REDIS_TIMEOUT_MS=1_500), hanging(private):
            started = time.monotonic()
            with pytest.raises(redis.TimeoutError), redis_server.shared().use("a") as client:
                client.get("x")
            assert time.monotonic() - started > 1.4
        wait_for(is_back)


class TestDjangosCache:
    @pytest.mark.parametrize("value", [b"\x80\x04K\x01.", b"{", b"\xff", b""])
    def test_takes_what_is_not_json_for_nothing(self, value: bytes) -> None:
        redis_server.shared().client.set(cache.make_key("strange"), value)
        assert cache.get("strange") is None

    def test_runs_no_code_that_another_process_has_written(self) -> None:
        ran = b'cbuiltins\nexec\n(S\'import os; os.environ["RAN"] = "1"\'\ntR.'
        redis_server.shared().client.set(cache.make_key("strange"), ran)
        assert cache.get("strange") is None

    @pytest.mark.parametrize("value", [7, True, "ö", None, [1, {"a": 2.5}]])
    def test_gives_back_what_it_was_given(self, value: object) -> None:
        cache.set("given", value)
        assert cache.get("given", "nothing") == value
        assert type(cache.get("given")) is type(value)

    def test_increments(self) -> None:
        cache.set("number", 7)
        assert cache.incr("number") == 8
