"""The base of reactions: what one declares, and what it does for an event."""

from abc import ABC, abstractmethod
from enum import Enum

from cqrs.event_log.events import RecordedEvent


class Effect(Enum):
    """Where a reaction acts, which decides how often an event can take effect."""

    EXTERNAL = "external"
    """Outside this database, such as a mail: at least once. It is called outside any transaction,
    and a process that ends during the call calls again later."""
    TRANSACTIONAL = "transactional"
    """On `default` alone, in the transaction that deletes the work row: exactly once."""


class Reaction(ABC):
    """One effect of one event type. Named by what it does.

    >>> from uuid import UUID
    >>> from django.utils import timezone
    >>> class NotifyReader(Reaction):
    ...     name = "notify_reader"
    ...     event_type = "library.book_lent"
    ...     effect = Effect.EXTERNAL
    ...     deadline_s = 30
    ...
    ...     def react(self, event):
    ...         print("mail", event.data["reader"], "with Message-ID", event.event_id.int)
    >>> REACTIONS = (NotifyReader(),)

    A table in `settings.CQRS["REACTIONS"]` names it. The executor calls it for each such event:

    >>> REACTIONS[0].react(RecordedEvent(
    ...     position=1, event_id=UUID(int=5), stream_type="book", stream_id=UUID(int=7), version=2,
    ...     type="library.book_lent", schema_version=1, data={"reader": "Ada"}, metadata={},
    ...     occurred_at=timezone.now()))
    mail Ada with Message-ID 5
    """

    name: str
    event_type: str  # a wire name
    effect: Effect
    deadline_s: float = 60.0
    """How long the external calls of one attempt may take. They end then, if they are made with
    `cqrs.reactions.outgoing`, and until then no other process repeats them."""

    @abstractmethod
    def react(self, event: RecordedEvent) -> None:
        """Cause the effect. Called again with the same event after a failure."""
