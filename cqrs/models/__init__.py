"""The tables of the kernel on `default`, and the abstract models of every consumer's state."""

from cqrs.models.adoption import ParkedChange
from cqrs.models.consumers import AbstractCheckpoint, AbstractParkedEvent
from cqrs.models.event_log import EventRecord, Feed, FeedHead, Pending
from cqrs.models.heartbeats import Heartbeat
from cqrs.models.idempotency import IdempotentAnswer
from cqrs.models.reactions import ReactionCheckpoint, ReactionWork

__all__ = [
    "AbstractCheckpoint",
    "AbstractParkedEvent",
    "EventRecord",
    "Feed",
    "FeedHead",
    "Heartbeat",
    "IdempotentAnswer",
    "ParkedChange",
    "Pending",
    "ReactionCheckpoint",
    "ReactionWork",
]
