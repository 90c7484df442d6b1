"""Reactions: effects outside the read models, such as mails, caused by events.

A reaction is a consumer of the feed. Its checkpoint is on `default`, so that a lost or rebuilt read
database does not repeat every mail. It starts at the head of the feed when it is first deployed and
is never rebuilt. Effects happen at least once; a receiver recognizes a repetition by the event's
id. An event that fails is stored and retried on its own: later events and other reactions do not
wait for it.
"""

from collections.abc import Sequence

from django.db import connection, transaction
from django.utils import timezone

from cqrs.conf import cached_setting, conf, tables
from cqrs.event_log import feed, sequencer
from cqrs.messaging.context import IMPORTED
from cqrs.models import ReactionCheckpoint, ReactionFailure
from cqrs.reactions.attempts import Reaction, attempt, postpone

BATCH = 100

# A locked row belongs to a reaction that runs in another worker.
_WAITING = """
SELECT consumer FROM cqrs_reactioncheckpoint
WHERE position < (SELECT position FROM cqrs_feedhead) OR EXISTS (
    SELECT FROM cqrs_reactionfailure WHERE reaction = consumer AND retry_at <= clock_timestamp())
FOR UPDATE OF cqrs_reactioncheckpoint SKIP LOCKED
"""


@cached_setting
def reactions() -> Sequence[Reaction]:
    """Return every reaction, from the tables named in the settings."""
    return tuple(reaction for table in tables(conf().REACTIONS) for reaction in table)


def start_at_head() -> None:
    """Give each reaction that has none a checkpoint at the head of the feed."""
    started = ReactionCheckpoint.objects.values_list("consumer", flat=True)
    if not (new := {reaction.name for reaction in reactions()}.difference(started)):
        return
    sequencer.sequence()
    position = sequencer.head()
    ReactionCheckpoint.objects.bulk_create(
        [
            ReactionCheckpoint(
                consumer=name, version=1, partition=0, partitions=1, position=position
            )
            for name in sorted(new)
        ],
        ignore_conflicts=True,
    )


def waiting() -> list[Reaction]:
    """Return the reactions with new or due events that no other worker runs."""
    start_at_head()
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        names = {name for (name,) in cursor.fetchall()}
    return [reaction for reaction in reactions() if reaction.name in names]


def run(reaction: Reaction) -> int:
    """React to new events and retry due ones; return the number of attempts.

    New events and retries take turns, so that neither delays the other. Returns at once when
    another worker runs the same reaction.
    """
    total = 0
    while steps := [step for step in (_go_on(reaction), _try_again(reaction)) if step is not None]:
        total += sum(steps)
    return total


@transaction.atomic
def _go_on(reaction: Reaction) -> int | None:
    """Attempt at most one new event; None without one, or when another worker has the claim."""
    checkpoint = _claim(reaction)
    if checkpoint is None:
        return None
    events, upto = feed.read(checkpoint.position, BATCH, types=[reaction.event_type])
    if upto == checkpoint.position:
        return None
    event = next((event for event in events if event.metadata.get("origin") != IMPORTED), None)
    if event is not None:
        upto = event.position
        if (error := attempt(reaction, event)) is not None:
            failure = ReactionFailure(
                reaction=reaction.name, position=event.position, event_id=event.event_id
            )
            postpone(failure, error)
    checkpoint.position = upto
    checkpoint.save(update_fields=["position", "updated_at"])
    return 0 if event is None else 1


@transaction.atomic
def _try_again(reaction: Reaction) -> int | None:
    """Retry the event that is due for longest; None without one, or without the claim."""
    if _claim(reaction) is None:
        return None
    due = ReactionFailure.objects.filter(reaction=reaction.name, retry_at__lte=timezone.now())
    failure = due.order_by("retry_at").first()
    if failure is None:
        return None
    [event], _ = feed.read(failure.position - 1, 1)
    error = attempt(reaction, event)
    if error is None:
        failure.delete()
    else:
        postpone(failure, error)
    return 1


def _claim(reaction: Reaction) -> ReactionCheckpoint | None:
    rows = ReactionCheckpoint.objects.filter(consumer=reaction.name)
    return rows.select_for_update(skip_locked=True).first()
