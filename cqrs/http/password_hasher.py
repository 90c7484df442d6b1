"""Hash passwords at a low priority, so that logins take only the time that nothing else needs."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from cqrs.conf import conf

NICENESS = 15


class LowPriorityHasher(PBKDF2PasswordHasher):
    """Django's default hasher, with the same hashes, in threads of a low priority.

    Hashing releases the interpreter's lock: only the processors are shared. Where a thread has no
    priority of its own (not Linux), it is Django's hasher.
    """

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Return the hash, as Django's hasher does."""
        return _threads().submit(super().encode, password, salt, iterations).result()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(conf().HASHING_AT_ONCE, "hashing", _lower_priority)


def _lower_priority() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
