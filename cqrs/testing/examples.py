"""Examples for contract tests: how many, cut into batches, and undone one by one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log.events import RecordedEvent


def _profile() -> settings:
    try:
        return settings.get_profile("cqrs")
    except InvalidArgument:
        return settings(max_examples=25)


# pytest's fixtures are not made anew for each example: the examples undo what they wrote.
EXAMPLES = settings(
    _profile(),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors,
                           HealthCheck.too_slow],
)  # fmt: skip
CUTS = st.lists(st.integers(1, 12), max_size=40)


def cut(events: Sequence[RecordedEvent], sizes: Sequence[int]) -> list[Sequence[RecordedEvent]]:
    """Cut the events into batches of these sizes; the last takes what remains."""
    batches, start = [], 0
    for size in sizes:
        batches.append(events[start : start + size])
        start += size
    return [batch for batch in [*batches, events[start:]] if batch]


@contextmanager
def undone() -> Iterator[None]:
    """Take back what the block wrote to both databases."""
    with transaction.atomic(), transaction.atomic(using=PROJECTION_ALIAS):
        yield
        transaction.set_rollback(True)
        transaction.set_rollback(True, using=PROJECTION_ALIAS)
