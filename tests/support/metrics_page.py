"""Every metric that exists: its name, type and labels."""

from config.serve.front import occupancy
from cqrs.metrics import COUNTED
from cqrs.operations.metrics import DATABASES

Listed = tuple[str, str, tuple[str, ...]]


def existing() -> list[Listed]:
    assert occupancy.SEATS is not None  # imported, it makes those of the product
    found: list[Listed] = [
        (
            f"{metric._name}{'_total' * (metric._type == 'counter')}",
            metric._type,
            metric._labelnames,
        )
        for metric in COUNTED._collector_to_names
    ]
    found += [
        (family.name, family.type, (*family._labelnames,))
        for collector in DATABASES
        for family in collector.describe()
    ]
    return found


def samples() -> dict[str, set[str]]:
    """Return the labels of every sample by its name; a histogram has several."""
    found: dict[str, set[str]] = {"up": {"job", "instance"}}
    for name, kind, labels in existing():
        if kind == "histogram":
            found[f"{name}_bucket"] = {*labels, "le"}
            found[f"{name}_count"] = found[f"{name}_sum"] = {*labels}
        else:
            found[name] = {*labels}
    return found
