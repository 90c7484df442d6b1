"""The dashboard asks for metrics that exist, and shows every one of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.metrics_page import samples
from tests.support.promql import selected

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboards/order-desk.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
# A panel shows the buckets; these are shown by another number of the same thing.
UNSHOWN = {
    "cqrs_http_request_duration_seconds_count",
    "cqrs_http_request_duration_seconds_sum",
    "cqrs_message_duration_seconds_count",
    "cqrs_message_duration_seconds_sum",
}


def expressions(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


class TestDashboard:
    @pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
    def test_asks_for_metrics_and_labels_that_exist(self, panel: dict[str, Any]):
        existing = samples()
        for expression in expressions(panel):
            for name, labels in selected(expression).items():
                assert labels <= existing[name], name

    def test_shows_every_metric(self):
        shown = {name for panel in PANELS for each in expressions(panel) for name in selected(each)}
        assert samples().keys() - shown == UNSHOWN

    def test_has_panels_that_do_not_overlap(self):
        taken: set[tuple[int, int]] = set()
        for panel in DASHBOARD["panels"]:
            place = panel["gridPos"]
            cells = {
                (place["x"] + x, place["y"] + y)
                for x in range(place["w"])
                for y in range(place["h"])
            }
            assert not taken & cells, panel["title"]
            assert place["x"] + place["w"] <= 24
            taken |= cells

    def test_gives_every_panel_an_id_of_its_own(self):
        ids = [panel["id"] for panel in DASHBOARD["panels"]]
        assert len(ids) == len(set(ids))
