"""The base of gauges that a look at the databases fills."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from django.db import Error
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Sample = tuple[str, Sequence[str], float]
"""The name of a gauge, the values of its labels, and its value."""


class Gauges(Collector):
    """Gauges that one look fills at each scrape; none of them while a database cannot be asked.

    >>> class Books(Gauges):
    ...     declared = {"books": ("Books on the shelf", ("kind",))}
    ...     def samples(self):
    ...         yield "books", ["novel"], 3
    >>> [family.samples[0].value for family in Books().collect()]
    [3]
    """

    declared: ClassVar[Mapping[str, tuple[str, Sequence[str]]]]
    """What each gauge says, and the names of its labels."""

    def samples(self) -> Iterator[Sample]:
        """Ask the databases. An `Error` leaves all gauges out."""
        raise NotImplementedError

    def describe(self) -> Iterable[Metric]:
        """Return the gauges without samples, from which the registry takes their names."""
        return self._families().values()

    def collect(self) -> Iterable[Metric]:
        families = self._families()
        try:
            for name, labels, value in self.samples():
                families[name].add_metric(labels, value)
        except Error:
            return []
        return families.values()

    def _families(self) -> dict[str, GaugeMetricFamily]:
        return {
            name: GaugeMetricFamily(name, what, labels=labels)
            for name, (what, labels) in self.declared.items()
        }
