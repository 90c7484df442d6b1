"""Windows of requests are counted in Redis, and in the process while that is away."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from cqrs import redis_server
from cqrs.http import window_counters
from cqrs.http.window_counters import PREFIX, LocalCounters, WindowCounters
from tests.support.kernel_settings import cqrs


class TestLocalCounters:
    def test_count_each_window_apart(self):
        counters = LocalCounters()
        assert [counters.increment(key, 60) for key in ("a", "a", "b", "a")] == [1, 2, 1, 3]

    def test_miss_nothing_that_threads_count_at_once(self):
        counters = LocalCounters()
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda _: counters.increment("a", 60), range(4000)))
        assert sorted(found) == list(range(1, 4001))

    def test_forget_what_has_ended_when_another_window_begins(self):
        counters = LocalCounters()
        counters.increment("ended", 0)
        counters.increment("a", 60)
        counters.increment("b", 60)
        assert list(counters._windows) == ["a", "b"]

    def test_forget_the_oldest_when_there_are_too_many(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(window_counters, "MAX_WINDOWS", 3)
        counters = LocalCounters()
        for key in "abcd":
            counters.increment(key, 60)
        assert list(counters._windows) == ["b", "c", "d"]


class TestWindowCounters:
    def test_let_redis_forget_a_window_that_it_had_lost(self):
        counters, client = WindowCounters(), redis_server.shared().client
        assert [counters.increment("lost", 60) for _ in range(2)] == [1, 2]
        client.delete(PREFIX + "lost")
        assert [counters.increment("lost", 60) for _ in range(2)] == [1, 2]
        assert 0 < client.ttl(PREFIX + "lost") <= 60

    def test_go_on_with_their_own_count_without_redis(self):
        counters = WindowCounters()
        counters.increment("going on", 60)
        with cqrs(REDIS_URL="redis://127.0.0.1:1/0"):
            assert counters.increment("going on", 60) == 2

    def test_count_for_all_processes(self):
        first, second = WindowCounters(), WindowCounters()
        assert [each.increment("shared", 60) for each in (first, second, first, second)] == [
            1, 2, 3, 4,
        ]  # fmt: skip
