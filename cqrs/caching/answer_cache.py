"""The cached answers of this process, and the signals that invalidate them."""

from typing import Any

from cqrs.caching.entries import Cache
from cqrs.caching.memory import MemoryCache
from cqrs.caching.redis import RedisCache
from cqrs.conf import conf
from cqrs.consumers.announcements import Applied
from cqrs.event_log.signals import batches_applied
from cqrs.notifications.changes import Change
from cqrs.notifications.signals import change_received


class AnswerCache:
    """Caches answers in Redis where the settings name one, else in the memory of this process."""

    def __init__(self) -> None:
        self.memory = MemoryCache()
        self.redis = RedisCache()

    @property
    def backend(self) -> Cache:
        return self.redis if conf().REDIS_URL else self.memory

    def connect(self) -> None:
        """Invalidate answers from now on, by what workers of this and other processes apply."""
        batches_applied.connect(self.invalidate, dispatch_uid="cqrs.invalidate")
        change_received.connect(self.invalidate_memory, dispatch_uid="cqrs.invalidate_memory")

    def invalidate(self, applied: Applied, **_: Any) -> None:
        """Invalidate the answers that these events change."""
        changes = (Change.by(consumer, events) for consumer, events in applied)
        if keys := [key for change in changes if change for key in change.invalidation_keys]:
            self.backend.invalidate(keys)

    def invalidate_memory(self, change: Change | None, **_: Any) -> None:
        """Invalidate the answers in memory that an announced change concerns; all without one."""
        if change is None:
            self.memory.clear()
        else:
            self.memory.invalidate(change.invalidation_keys)


answer_cache = AnswerCache()
