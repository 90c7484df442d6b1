"""Kept answers in Redis: shared, sliding up to an age, and gone with their generations."""

import time
from typing import Any

import pytest

from cqrs.ids import uuid7
from readmodels import redis_cache
from readmodels.kept import NOTHING, Place
from readmodels.queries.results import Results
from readmodels.redis_cache import PREFIX, RedisCache, client

ANSWER = Results.of(['{"a": 1}', '{"b": "ö"}'])


@pytest.fixture
def place() -> Place:
    return Place(str(uuid7()), ("orders", f"orders {uuid7()}"), 60)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    class Clock:
        passed = 0.0

        def time(self) -> float:
            return time.time() + self.passed

    clock = Clock()
    monkeypatch.setattr(redis_cache, "time", clock)
    return clock


def kept(place: Place) -> RedisCache:
    cache = RedisCache()
    cache.keep(place, ANSWER, cache.find(place).generation)
    return cache


def left_s(place: Place) -> float:
    return client().pttl(PREFIX + place.key) / 1000


class TestRedisCache:
    def test_gives_other_processes_what_it_keeps(self, place: Place) -> None:
        kept(place)
        found = RedisCache().find(place)
        assert (found.answer, found.generation) == (ANSWER, None)
        assert found.answer.documents == ['{"a": 1}', '{"b": "ö"}']

    @pytest.mark.parametrize("number", [0, 1])
    def test_forgets_what_another_process_has_changed(self, place: Place, number: int) -> None:
        cache = kept(place)
        RedisCache().invalidate([place.tags[number]])
        assert cache.find(place).answer is None

    @pytest.mark.parametrize("number", [0, 1])
    def test_keeps_in_vain_what_was_read_before_the_news(self, place: Place, number: int) -> None:
        cache = RedisCache()
        generation = cache.find(place).generation
        cache.invalidate([place.tags[number]])
        cache.find(place)  # somebody else begins the next one
        cache.keep(place, ANSWER, generation)
        assert cache.find(place).answer is None

    def test_agrees_with_others_on_the_generation(self, place: Place) -> None:
        assert RedisCache().find(place).generation == RedisCache().find(place).generation

    def test_needs_one_round_trip_for_a_hit(self, place: Place) -> None:
        cache = kept(place)
        before = client().info("commandstats")
        cache.find(place)
        after = client().info("commandstats")
        calls = {name: after[name]["calls"] - before.get(name, {"calls": 0})["calls"]
                 for name in after}  # fmt: skip
        assert {name for name, count in calls.items() if count} == {"cmdstat_mget", "cmdstat_info"}

    def test_slides(self, place: Place, clock: Any) -> None:
        cache = kept(place)
        client().pexpire(PREFIX + place.key, 25_000)
        clock.passed = 25
        assert cache.find(place).answer == ANSWER
        assert left_s(place) <= 25, "renewed in the first half already"
        clock.passed = 35
        assert cache.find(place).answer == ANSWER
        assert left_s(place) > 55

    def test_slides_up_to_an_age(self, place: Place, clock: Any) -> None:
        cache = kept(place)
        for clock.passed in range(50, 300, 50):
            assert cache.find(place).answer == ANSWER
        clock.passed = 301
        assert cache.find(place).answer is None

    def test_is_asked_by_nobody_for_a_while_when_it_is_gone(
        self, place: Place, settings: Any, monkeypatch: Any
    ) -> None:
        cache = kept(place)
        monkeypatch.setattr(redis_cache.reading, "_retry_at", 0.0)
        with monkeypatch.context():
            settings.REDIS_URL = "redis://127.0.0.1:1/0"
            assert cache.find(place) is NOTHING
            assert redis_cache.reading.is_open()
            started = time.monotonic()
            for _ in range(100):
                assert cache.find(place) is NOTHING
                cache.keep(place, ANSWER, [b"1", b"2"])
            assert time.monotonic() - started < 0.2

    def test_owes_what_it_could_not_say(
        self, place: Place, settings: Any, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(redis_cache.invalidating, "_retry_at", 0.0)
        cache, url = kept(place), settings.REDIS_URL
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        cache.invalidate([place.tags[1]])
        cache.invalidate(["stock any"])
        settings.REDIS_URL = url
        assert cache.find(place).answer == ANSWER
        redis_cache.invalidating.reset()
        cache.invalidate(["customers any"])
        assert cache.find(place).answer is None
