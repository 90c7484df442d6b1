"""What this process has counted."""

from collections.abc import Callable

from cqrs.metrics import COUNTED


def counted(name: str, **labels: str) -> float:
    return COUNTED.get_sample_value(name, labels) or 0.0


def counted_more(name: str, **labels: str) -> Callable[[], float]:
    """Return a function that says how much was counted since now."""
    before = counted(name, **labels)
    return lambda: counted(name, **labels) - before
