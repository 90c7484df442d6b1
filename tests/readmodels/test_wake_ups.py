"""A wake-up reaches one task that waits, in this process or through Redis."""

import threading
from collections.abc import Iterator

import pytest

from cqrs import redis_server
from readmodels import wake_ups
from tests.support.kernel_settings import cqrs


@pytest.fixture(params=["in the process", "through Redis"])
def _way(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param == "through Redis":
        wake_ups.forget()
        yield
        return
    with cqrs(REDIS_URL=""):
        wake_ups.forget()
        yield


@pytest.mark.usefixtures("_way")
class TestWakeUp:
    def test_ends_the_wait(self) -> None:
        woken: list[bool] = []
        waiting = threading.Thread(target=lambda: woken.append(wake_ups.wait(60)))
        waiting.start()
        wake_ups.send()
        waiting.join(30)
        assert woken == [True]

    def test_is_one_however_often_it_was_sent(self) -> None:
        for _ in range(3):
            wake_ups.send()
        assert [wake_ups.wait(0.01) for _ in range(2)] == [True, False]

    def test_can_be_forgotten(self) -> None:
        wake_ups.send()
        wake_ups.forget()
        assert not wake_ups.wait(0.01)


class TestRedis:
    def test_forgets_it_by_itself(self) -> None:
        wake_ups.send()
        assert 0 < redis_server.shared().client.pttl(wake_ups.KEY) <= 1000
        wake_ups.forget()

    def test_that_is_away_fails_nothing(self) -> None:
        with cqrs(REDIS_URL="redis://127.0.0.1:1/0"):
            wake_ups.send()
            wake_ups.forget()
            assert not wake_ups.wait(0.01)
