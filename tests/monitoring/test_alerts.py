"""Every alert fires when it should, names what exists, and leads to its row in the docs.

Prometheus' own `promtool` runs deploy/prometheus/alerts.test.yml where the machine has it (Debian's
package `prometheus`). Where it is missing, the same expressions are parsed, and the same cases are
compared with them.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.metrics_page import samples
from tests.support.promql import selected

ROOT = Path(__file__).resolve().parents[2]
RULES, CASES = (ROOT / "deploy/prometheus" / name for name in ("alerts.yml", "alerts.test.yml"))
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
TESTS = yaml.safe_load(CASES.read_text())["tests"]
ROW = re.compile(r'^\| <a id="(\w+)"></a>`(\w+)` \|', flags=re.M)
OF_TARGETS = {"instance", "job"}
SERIES = re.compile(r"^(\w+)(?:\{(.*)\})?$")


def cases(alert: str) -> dict[bool, dict[str, set[str]]]:
    """Return the metrics and labels of an alert's cases, by whether it is to fire."""
    found = {}
    for test in TESTS:
        [expected] = test["alert_rule_test"]
        if expected["alertname"] == alert:
            series = [SERIES.match(each["series"]) for each in test["input_series"]]
            found[bool(expected["exp_alerts"])] = {
                each[1]: set(re.findall(r"(\w+)=", each[2] or "")) for each in series if each
            }
    return found


def lasts_hours(test: dict[str, Any]) -> bool:
    [expected] = test["alert_rule_test"]
    return expected["eval_time"].endswith("h")


def promtool(*arguments: str) -> None:
    tool = shutil.which("promtool")
    if tool is not None:
        done = subprocess.run(
            [tool, *arguments], cwd=RULES.parent, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr


class TestAlerts:
    def test_are_rules_that_prometheus_takes(self):
        for rule in ALERTS:
            selected(rule["expr"])
        promtool("check", "rules", RULES.name)

    @pytest.mark.parametrize(("is_long", "interval"), [(False, "1m"), (True, "10m")])
    def test_fire_and_are_quiet_as_their_cases_say(
        self, tmp_path: Path, is_long: bool, interval: str
    ):
        """Evaluate all rules less often in cases of days: else those take most of the time."""
        tests = [each for each in TESTS if is_long == lasts_hours(each)]
        assert tests
        file = tmp_path / CASES.name
        given = {"rule_files": [str(RULES)], "evaluation_interval": interval, "tests": tests}
        file.write_text(yaml.safe_dump(given))
        promtool("test", "rules", str(file))

    @pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
    def test_have_a_case_that_fires_and_one_that_is_quiet(self, rule: dict[str, Any]):
        existing = samples()
        found = cases(rule["alert"])
        assert found.keys() == {True, False}
        for series in found.values():
            for name, labels in series.items():
                assert labels <= existing[name] | OF_TARGETS, name
        assert set(found[True]) <= set(selected(rule["expr"]))

    @pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
    def test_ask_for_metrics_and_labels_that_exist(self, rule: dict[str, Any]):
        existing = samples()
        for name, labels in selected(rule["expr"]).items():
            assert labels <= existing[name], name

    @pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
    def test_say_what_is_wrong_how_urgent_it_is_and_where_to_read_on(self, rule: dict[str, Any]):
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        anchor = rule["alert"].lower()
        assert rule["annotations"]["runbook_url"] == f"docs/operating.md#{anchor}"

    def test_have_a_row_each_in_the_docs(self):
        rows = ROW.findall((ROOT / "docs/operating.md").read_text())
        assert sorted(rows) == sorted((rule["alert"].lower(), rule["alert"]) for rule in ALERTS)
