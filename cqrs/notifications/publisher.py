"""Announce to every process what projections have applied.

An announcement wakes waiting reads and names what has changed, for the answers that a process has
cached.
"""

from typing import Any

import redis

from cqrs.conf import conf
from cqrs.consumers.announcements import Applied
from cqrs.event_log.signals import batches_applied, batches_written
from cqrs.notifications import channel
from cqrs.notifications.changes import Change


class ChangePublisher:
    """Publishes the changes of this process's workers: one message for each transaction.

    With NOTIFY the message is a part of the transaction. With Redis it follows the commit.
    """

    def connect(self) -> None:
        """Publish the changes of every applied batch from now on."""
        batches_written.connect(self.notify, dispatch_uid="cqrs.notify")
        batches_applied.connect(self.publish, dispatch_uid="cqrs.publish")

    def notify(self, applied: Applied, using: str, **_: Any) -> None:
        """Send the changes with the open transaction, where there is no Redis."""
        if not conf().REDIS_URL:
            for text in channel.texts(_changes(applied)):
                channel.notify(text, using)

    def publish(self, applied: Applied, **_: Any) -> None:
        """Send the changes to Redis. One that is out of reach does not fail the batch."""
        if not conf().REDIS_URL:
            return
        try:
            for text in channel.texts(_changes(applied)):
                channel.publish(text)
        except redis.RedisError:
            return  # waiting reads look at the database now and then


def _changes(applied: Applied) -> list[str]:
    """Return the changes that queries can see: those of copies are left out."""
    found = (Change.by(consumer, events) for consumer, events in applied)
    return [str(change) for change in found if change is not None]


publisher = ChangePublisher()
