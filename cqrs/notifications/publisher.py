"""Announce to every process what a projection has applied.

An announcement wakes waiting reads and names what has changed, for the answers that a process has
cached.
"""

from collections.abc import Sequence
from typing import Any

import redis
import structlog

from cqrs.conf import conf
from cqrs.consumers.applier import Consumer
from cqrs.database.breaker import Breaker
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.signals import batch_applied
from cqrs.notifications import channel
from cqrs.notifications.changes import Change

log = structlog.get_logger("cqrs.notifications")


class ChangePublisher:
    """Publishes the changes of this process's workers. `breaker` skips Redis after a failure."""

    def __init__(self) -> None:
        self.breaker = Breaker(redis.RedisError)

    def connect(self) -> None:
        """Publish the change of every applied batch from now on."""
        batch_applied.connect(self.publish_applied, dispatch_uid="cqrs.publish_applied")

    def publish_applied(
        self, consumer: Consumer, events: Sequence[RecordedEvent], **_: Any
    ) -> None:
        """Publish what the batch has changed. A Redis that is out of reach does not fail it."""
        change = Change.by(consumer, events)
        if change is None:
            return  # a copy of tables, which no query reads
        if not conf().REDIS_URL:
            channel.publish(str(change))
        elif not self.breaker.is_open():
            try:
                with self.breaker.watching():
                    channel.publish(str(change))
            except redis.RedisError as error:
                log.warning("change_not_announced", reason=type(error).__name__)


publisher = ChangePublisher()
