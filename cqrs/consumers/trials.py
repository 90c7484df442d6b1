"""Find out whether events are to blame, or tables that do not fit the code.

When the database refuses a batch, some of its events are tried one by one, and rolled back.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from django.db import Error

from cqrs.consumers.consumer import Consumer
from cqrs.consumers.parts import Part
from cqrs.event_log.feed import RawEvent

TRIED = 5  # aggregates; fewer can fail alike by chance


def are_refused_alike(
    run_trial: Callable[[Part], None],
    consumer: Consumer,
    events: Sequence[RawEvent],
    error: Exception,
) -> bool:
    """Return whether the database refuses all of a type that are tried, as it refused the batch.

    Only the first event of an aggregate is tried: the later ones need it.
    """
    if not isinstance(error, Error):
        return False
    by_type = defaultdict[str, list[RawEvent]](list)
    for event in {event.stream: event for event in reversed(events)}.values():
        by_type[event.type].append(event)

    def is_refused(event: RawEvent) -> bool:
        try:
            run_trial(Part(consumer, [], [event]))
        except Exception as found:  # noqa: BLE001  another one shows when its event is alone
            return type(found.__cause__) is type(error.__cause__)
        return False

    return any(
        len(some) >= TRIED and all(map(is_refused, some[-TRIED:])) for some in by_type.values()
    )
