"""Cached answers in the memory of a process: bounded, and never older than the last change."""

from typing import Any

import pytest

from cqrs.caching import memory
from cqrs.caching.entries import CacheSlot, Lookup
from cqrs.caching.memory import MemoryCache
from cqrs.queries.results import Results

ANSWER = Results.of(["1"])


def slot(key: str = "k", invalidated_by: str = "orders any", cache_for_s: float = 60) -> CacheSlot:
    return CacheSlot(key, ("orders", invalidated_by), cache_for_s)


def stored(cache: MemoryCache, where: CacheSlot) -> None:
    cache.store(where, ANSWER, cache.find(where).generation)


class TestMemoryCache:
    def test_gives_what_it_keeps(self) -> None:
        cache = MemoryCache()
        stored(cache, slot())
        assert cache.find(slot()) == Lookup(ANSWER)
        assert cache.find(slot("other")).answer is None

    @pytest.mark.parametrize(
        ("key", "is_old"), [("orders", True), ("orders any", True), ("stock", False)]
    )
    def test_forgets_what_was_changed(self, key: str, is_old: bool) -> None:
        cache = MemoryCache()
        stored(cache, slot())
        cache.invalidate([key])
        assert (cache.find(slot()).answer is None) == is_old

    @pytest.mark.parametrize("news", [lambda c: c.invalidate(["orders"]), MemoryCache.clear])
    def test_keeps_in_vain_what_was_read_before_the_news(self, news: Any) -> None:
        cache = MemoryCache()
        generation = cache.find(slot()).generation
        news(cache)
        cache.store(slot(), ANSWER, generation)
        assert cache.find(slot()).answer is None

    def test_ends_with_the_duration_however_often_it_is_asked(self, monkeypatch: Any) -> None:
        now = [100.0]
        monkeypatch.setattr(memory.time, "monotonic", lambda: now[0])
        cache = MemoryCache()
        stored(cache, slot(cache_for_s=10))
        for moment, is_there in ((109.0, True), (109.9, True), (110.0, False)):
            now[0] = moment
            assert (cache.find(slot()).answer is not None) == is_there

    def test_lets_the_least_recently_used_go(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(memory, "MAX_CACHE_BYTES", 2_500)
        cache = MemoryCache()
        for key in "ab":
            stored(cache, slot(key))
        cache.find(slot("a"))
        stored(cache, slot("c"))
        assert [cache.find(slot(key)).answer is not None for key in "abc"] == [True, False, True]

    def test_counts_an_answer_once_that_is_stored_again(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(memory, "MAX_CACHE_BYTES", 2_500)
        cache = MemoryCache()
        for key in "aaab":
            cache.store(slot(key), ANSWER, 0)
        assert all(cache.find(slot(key)).answer for key in "ab")

    def test_forgets_everything_rather_than_what_was_changed(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(memory, "MAX_TRACKED_KEYS", 3)
        cache = MemoryCache()
        generation = cache.find(slot()).generation
        cache.invalidate(["orders any"])
        cache.invalidate([f"stock {number}" for number in range(3)])
        cache.store(slot(), ANSWER, generation)
        assert cache.find(slot()).answer is None
        stored(cache, slot())
        assert cache.find(slot()).answer == ANSWER
