"""Find the version of a projection that the tables are of: its code alone may fold into them."""

from collections.abc import Sequence

from cqrs.consumers.consumer import Consumer
from cqrs.projections.projection import Projection
from cqrs.projections.registry import code_of, runner, versions
from cqrs.rebuild.table_copies import Slot, TableCopy, exclusive


class NeedsOtherBuild(Exception):
    """The tables are of a version of the projection that this build does not have."""

    def __init__(self, consumer: str, version: int) -> None:
        super().__init__(
            f"The tables of {consumer} are of version {version}, which this build does not have:"
            " run a build that registers it"
        )


def active_consumers(chosen: Sequence[Projection]) -> list[Consumer]:
    """Return the consumers that workers run: of each projection every version, also for its retired
    tables. The version of a checkpoint selects one of them.
    """
    code = [version for projection in chosen for version in versions()[projection.name]]
    return [*code, *(TableCopy(version, Slot.RETIRED) for version in code)]


def stored_consumers(chosen: Sequence[Projection]) -> dict[str, Consumer]:
    """Return the consumers that `active_consumers` names in the version of their tables, by name.

    A consumer is missing without tables, and when this build does not have their version.
    """
    code = {(each.name, each.version): each for each in active_consumers(chosen)}
    found = runner.partitions.get({name for name, _ in code})
    keys = [(each.consumer, each.version) for each in found]
    return {name: code[name, version] for name, version in keys if (name, version) in code}


def serving_version(name: str) -> Projection:
    """Return the version of the projection that has made the serving tables.

    Raises `NeedsOtherBuild` if this build does not have it.
    """
    return stored_version(name, name)


def stored_version(name: str, consumer: str) -> Projection:
    """Return the version of the projection that applies events to a consumer's tables."""
    found = runner.partitions.get([consumer])
    if not found:
        return versions()[name][-1]
    code = code_of(name, found[0].version)
    if code is None:
        raise NeedsOtherBuild(consumer, found[0].version)
    return code


def retired_copy(name: str) -> TableCopy:
    """Return the retired copy, with the version of the projection that it is of.

    Raises `NeedsOtherBuild` if this build does not have that version.
    """
    return TableCopy(stored_version(name, f"{name}.{Slot.RETIRED}"), Slot.RETIRED)


def repartition(projection: Projection, partitions: int) -> None:
    """Change the number of partitions of the projection and its retired copy. Raises `Busy`."""
    if partitions > 1 and not projection.is_divisible:
        raise ValueError(f"{projection.name} gathers over all partitions: it has to have one")
    with (
        exclusive(TableCopy(projection, Slot.SHADOW)),
        exclusive(TableCopy(projection, Slot.CHECK)),
    ):
        for each in _existing(projection):
            runner.repartition(each, partitions)


def _existing(projection: Projection) -> list[Consumer]:
    """Return the consumers of the serving and, if there are any, the retired tables."""
    runner.started(projection)
    found: list[Consumer] = [serving_version(projection.name)]
    if TableCopy(projection, Slot.RETIRED).exists():
        found.append(retired_copy(projection.name))
    return found
