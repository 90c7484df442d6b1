"""How many passwords are hashed at the same time."""

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, get_hasher
from django.core.cache import cache
from django.test import Client

from cqrs.http import hashing
from cqrs.http.hashing import TooManyLogins, hashing_turn
from cqrs.http.password_hasher import NICENESS, LowPriorityHasher
from tests.http.api import assert_problem
from tests.support.desk import wait_for
from tests.support.kernel_settings import cqrs

LOGIN = {"username": "unknown", "password": "wrong"}


class TestHashingTurn:
    def test_is_held_by_few_at_the_same_time(self) -> None:
        lock, holders, most = threading.Lock(), [0], [0]

        def hash_one() -> None:
            with hashing_turn():
                with lock:
                    holders[0] += 1
                    most[0] = max(most[0], holders[0])
                time.sleep(0.01)  # the work
                with lock:
                    holders[0] -= 1

        with cqrs(HASHING_AT_ONCE=2, HASHING_WAIT_MS=30_000), ThreadPoolExecutor(4) as pool:
            for each in [pool.submit(hash_one) for _ in range(32)]:
                each.result()
        assert most == [2]

    def test_is_waited_for_by_as_few(self) -> None:
        """Each that waits holds a thread of the server."""
        entered, done = threading.Semaphore(0), threading.Event()

        def hash_one() -> None:
            with hashing_turn():
                entered.release()
                done.wait(30)

        with cqrs(HASHING_AT_ONCE=2, HASHING_WAIT_MS=30_000), ThreadPoolExecutor(4) as pool:
            working = [pool.submit(hash_one) for _ in range(4)]
            for _ in range(2):
                assert entered.acquire(timeout=30)
            wait_for(lambda: hashing._seats()._value == 0)
            started = time.monotonic()
            with pytest.raises(TooManyLogins), hashing_turn():
                pass
            assert time.monotonic() - started < 10
            done.set()
            for each in working:
                each.result()

    def test_is_given_back_after_an_error(self) -> None:
        with cqrs(HASHING_AT_ONCE=1, HASHING_WAIT_MS=0):
            with pytest.raises(ZeroDivisionError), hashing_turn():
                raise ZeroDivisionError
            with hashing_turn(), pytest.raises(TooManyLogins), hashing_turn():
                pass


@pytest.mark.django_db
class TestLogin:
    def test_is_refused_while_others_hash_for_longer_than_it_waits(self, client: Client) -> None:
        cache.clear()
        with cqrs(HASHING_AT_ONCE=2, HASHING_WAIT_MS=20):
            with ExitStack() as others:
                for _ in range(2):
                    others.enter_context(hashing_turn())
                answer = client.post("/api/auth/token", LOGIN, "application/json")
                assert_problem(answer, 503, "busy")
                assert answer["Retry-After"] == "1"
            answer = client.post("/api/auth/token", LOGIN, "application/json")
            assert_problem(answer, 401, "not_authenticated")


class TestLowPriorityHasher:
    def test_hashes_as_djangos_default_does(self) -> None:
        ours = LowPriorityHasher().encode("secret", "salt", 1000)
        assert ours == PBKDF2PasswordHasher().encode("secret", "salt", 1000)

    def test_is_the_default_and_knows_the_hashes_of_others(self) -> None:
        assert isinstance(get_hasher(), LowPriorityHasher)
        assert check_password("secret", PBKDF2PasswordHasher().encode("secret", "salt", 1000))

    @pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
    def test_leaves_the_processors_to_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found: list[int] = []

        def noted(*_: object) -> str:
            found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return "hash"

        monkeypatch.setattr(PBKDF2PasswordHasher, "encode", noted)
        own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        assert LowPriorityHasher().encode("secret", "salt") == "hash"
        assert found == [NICENESS]
        assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
