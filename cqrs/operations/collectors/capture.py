"""Change data capture: its processes, its slot, and what could not be adopted."""

from collections.abc import Iterator

from django.db.models import Count, Min
from django.utils import timezone

from cqrs.cdc.slots import LOST, Slot
from cqrs.cdc.states import State
from cqrs.cdc.status import BROKEN, capture_status
from cqrs.models import ParkedChange
from cqrs.operations.collectors.gauges import Gauges, Sample


class ChangeCapture(Gauges):
    """Queries the slot and the state of change data capture; without samples while it is off."""

    declared = {
        "cqrs_cdc_up": ("1: changes are captured, or it starts; 0: it fails", ("source",)),
        "cqrs_cdc_lag_seconds": ("Age of the newest handled change", ("source",)),
        "cqrs_cdc_slot_active": ("A process reads the slot", ()),
        "cqrs_cdc_slot_lost": ("1: the server has dropped WAL that the slot needs", ()),
        "cqrs_cdc_lag_bytes": ("WAL not handled yet", ()),
        "cqrs_cdc_retained_bytes": ("WAL that the server retains for the slot", ()),
    }

    def samples(self) -> Iterator[Sample]:
        found = capture_status()
        if not found.is_used:
            return
        for one in found.sources:
            if one.state == State.STOPPED:  # on purpose, as when another source has taken over
                continue
            yield "cqrs_cdc_up", [one.source], one.state not in BROKEN
            if one.lag_seconds is not None:
                yield "cqrs_cdc_lag_seconds", [one.source], one.lag_seconds
        if found.slot:
            yield from _of_slot(found.slot)


def _of_slot(slot: Slot) -> Iterator[Sample]:
    yield "cqrs_cdc_slot_active", (), slot.active
    yield "cqrs_cdc_slot_lost", (), slot.status == LOST
    yield "cqrs_cdc_lag_bytes", (), slot.lag
    yield "cqrs_cdc_retained_bytes", (), slot.retained


class ParkedChanges(Gauges):
    """Counts the changes of other programs that wait for a person."""

    declared = {
        "cqrs_adoption_parked_changes": ("Outside changes that are not adopted", ()),
        "cqrs_adoption_parked_oldest_seconds": ("How long the oldest of them waits", ()),
    }

    def samples(self) -> Iterator[Sample]:
        found = ParkedChange.objects.aggregate(count=Count("id"), oldest=Min("parked_at"))
        oldest = found["oldest"]
        age_s = 0.0 if oldest is None else (timezone.now() - oldest).total_seconds()
        yield "cqrs_adoption_parked_changes", (), found["count"]
        yield "cqrs_adoption_parked_oldest_seconds", (), max(0.0, age_s)
