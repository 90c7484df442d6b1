"""Kept answers in Redis: shared, sliding up to an age, and gone with their generations."""

import time
from dataclasses import replace
from typing import Any

import pytest

from cqrs.caching import redis
from cqrs.caching.entries import NO_ANSWER, CacheSlot
from cqrs.caching.redis import PREFIX, RedisCache
from cqrs.messaging.ids import uuid7
from cqrs.queries.results import Results
from cqrs.redis_server import GENERATION_KEY, shared
from tests.support.kernel_settings import cqrs

ANSWER = Results.of(['{"a": 1}', '{"b": "ö"}'])


@pytest.fixture
def slot() -> CacheSlot:
    return CacheSlot(str(uuid7()), ("orders", f"orders {uuid7()}"), 60)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    class Clock:
        passed = 0.0

        def time(self) -> float:
            return time.time() + self.passed

    clock = Clock()
    monkeypatch.setattr(redis, "time", clock)
    return clock


def client() -> Any:
    return shared().client


def kept(slot: CacheSlot) -> RedisCache:
    cache = RedisCache()
    cache.store(slot, ANSWER, cache.find(slot).generation)
    return cache


def left_s(slot: CacheSlot) -> float:
    return client().pttl(PREFIX + slot.key) / 1000


class TestRedisCache:
    def test_gives_other_processes_what_it_keeps(self, slot: CacheSlot) -> None:
        kept(slot)
        found = RedisCache().find(slot)
        assert (found.answer, found.generation) == (ANSWER, None)
        assert found.answer.documents == ['{"a": 1}', '{"b": "ö"}']

    @pytest.mark.parametrize("number", [0, 1])
    def test_forgets_what_another_process_has_changed(self, slot: CacheSlot, number: int) -> None:
        cache = kept(slot)
        RedisCache().invalidate([slot.invalidation_keys[number]])
        assert cache.find(slot).answer is None

    @pytest.mark.parametrize("number", [0, 1])
    def test_keeps_in_vain_what_was_read_before_the_news(
        self, slot: CacheSlot, number: int
    ) -> None:
        cache = RedisCache()
        generation = cache.find(slot).generation
        cache.invalidate([slot.invalidation_keys[number]])
        cache.find(slot)  # another process begins the next one
        cache.store(slot, ANSWER, generation)
        assert cache.find(slot).answer is None

    def test_agrees_with_others_on_the_generation(self, slot: CacheSlot) -> None:
        assert RedisCache().find(slot).generation == RedisCache().find(slot).generation

    def test_needs_one_round_trip_for_a_hit(self, slot: CacheSlot) -> None:
        cache = kept(slot)
        before = client().info("commandstats")
        cache.find(slot)
        after = client().info("commandstats")
        calls = {name: after[name]["calls"] - before.get(name, {"calls": 0})["calls"]
                 for name in after}  # fmt: skip
        assert {name for name, count in calls.items() if count} == {"cmdstat_mget", "cmdstat_info"}

    def test_slides(self, slot: CacheSlot, clock: Any) -> None:
        cache = kept(slot)
        client().pexpire(PREFIX + slot.key, 25_000)
        clock.passed = 25
        assert cache.find(slot).answer == ANSWER
        assert left_s(slot) <= 25, "renewed in the first half already"
        clock.passed = 35
        assert cache.find(slot).answer == ANSWER
        assert left_s(slot) > 55

    def test_slides_up_to_an_age(self, slot: CacheSlot, clock: Any) -> None:
        cache = kept(slot)
        for clock.passed in range(50, 300, 50):
            assert cache.find(slot).answer == ANSWER
        clock.passed = 301
        assert cache.find(slot).answer is None

    def test_is_asked_by_nobody_for_a_while_when_it_is_gone(
        self, slot: CacheSlot, monkeypatch: Any
    ) -> None:
        cache = kept(slot)
        with cqrs(REDIS_URL="redis://127.0.0.1:1/0"):
            assert cache.find(slot) is NO_ANSWER
            assert shared().is_away
            monkeypatch.setattr(shared().client, "mget", lambda *_: pytest.fail("it was asked"))
            assert cache.find(slot) is NO_ANSWER
            cache.store(slot, ANSWER, b"1")


class TestStrangeValues:
    """What others wrote under our keys, or a Redis that lost a part of them."""

    @pytest.mark.parametrize(
        "value",
        [b"", b"\n", b"garbage", b"\x80\x04K\x01.", b"x" * 32 + b"\npage\n[]", b"1 2 3\npage\n"],
    )
    def test_are_no_answers(self, slot: CacheSlot, value: bytes) -> None:
        cache = kept(slot)
        client().set(PREFIX + slot.key, value)
        found = cache.find(slot)
        assert found.answer is None
        cache.store(slot, ANSWER, found.generation)
        assert cache.find(slot).answer == ANSWER

    def test_are_no_answers_when_one_byte_differs(self, slot: CacheSlot) -> None:
        cache = kept(slot)
        value = client().get(PREFIX + slot.key)
        for position in range(len(value)):
            other = bytes([value[position] ^ 1])
            client().set(PREFIX + slot.key, value[:position] + other + value[position + 1 :])
            assert cache.find(slot).answer is None

    def test_are_no_answers_when_they_belong_to_another_question(self, slot: CacheSlot) -> None:
        cache = kept(slot)
        other = replace(slot, key=str(uuid7()))
        client().copy(PREFIX + slot.key, PREFIX + other.key)
        assert cache.find(other).answer is None
        assert cache.find(slot).answer == ANSWER

    @pytest.mark.parametrize("number", [0, 1])
    @pytest.mark.parametrize("value", [b"", b"a b\nc", b"\xff"])
    def test_are_generations_like_others(self, slot: CacheSlot, number: int, value: bytes) -> None:
        cache = kept(slot)
        client().set(f"{PREFIX}of:{slot.invalidation_keys[number]}", value)
        found = cache.find(slot)
        assert found.answer is None
        cache.store(slot, ANSWER, found.generation)
        assert cache.find(slot).answer == ANSWER
        cache.invalidate([slot.invalidation_keys[number]])
        assert cache.find(slot).answer is None

    @pytest.mark.parametrize("which", ["answer", "generation", "server"])
    def test_of_another_type_are_replaced(self, slot: CacheSlot, which: str) -> None:
        cache = kept(slot)
        key = {
            "answer": PREFIX + slot.key,
            "generation": f"{PREFIX}of:{slot.invalidation_keys[0]}",
            "server": GENERATION_KEY,
        }[which]
        client().delete(key)
        client().lpush(key, "x")
        cache.find(slot)  # sees it, and removes it
        found = cache.find(slot)
        assert found.answer is None
        cache.store(slot, ANSWER, found.generation)
        assert cache.find(slot).answer == ANSWER
        assert not shared().is_away
