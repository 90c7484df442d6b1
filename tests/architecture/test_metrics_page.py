"""docs/metrics.md lists every metric with its type and labels, and nothing else."""

import re
from pathlib import Path

from tests.support.metrics_page import Listed, existing

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `(\w+)` \| (counter|gauge|histogram) \|(.*?)\|", flags=re.M)


def listed() -> list[Listed]:
    found = ROW.findall((ROOT / "docs/metrics.md").read_text())
    return [(name, kind, (*re.findall(r"`(\w+)`", labels),)) for name, kind, labels in found]


class TestMetricsPage:
    def test_has_every_metric_with_its_type_and_labels(self):
        assert sorted(listed()) == sorted(existing())

    def test_has_each_metric_once(self):
        names = [name for name, *_ in listed()]
        assert len(names) == len(set(names))
