"""The results for people (a table, Markdown) and for programs (JSON)."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.row import Comparison, Finding

RESULTS = Path(__file__).parent / "results"
HEADER = ("row", "work", "product", "against", "figure", "ratio", "target", "aim", "met", "note")


def show(findings: Sequence[Finding]) -> None:
    """Print the table."""
    table = Table(*HEADER)
    for finding in findings:
        table.add_row(*_cells(finding))
    Console(width=None if os.isatty(1) else 180).print(table)


def write(findings: Sequence[Finding]) -> None:
    """Write `results/latest.json` and `results/latest.md`.

    Rows that were not measured this time keep their last figures, each with its time.
    """
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "latest.json"
    rows = json.loads(path.read_text())["rows"] if path.exists() else {}
    rows |= _by_row(findings)
    rows = dict(sorted(rows.items()))
    path.write_text(json.dumps({"machine": _machine(), "rows": rows}, indent=2) + "\n")
    (RESULTS / "latest.md").write_text(_markdown(rows))


def _by_row(findings: Sequence[Finding]) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    rows: dict[str, Any] = {}
    for finding in findings:
        row = rows.setdefault(finding.row, {"measured_at": now, "findings": []})
        derived: dict[str, Any] = {"cells": _cells(finding)}
        if isinstance(finding, Comparison):
            derived |= {"ratio": finding.ratio, "met": finding.is_met}
        row["findings"].append(asdict(finding) | derived)
    return rows


def _cells(finding: Finding) -> list[str]:
    if not isinstance(finding, Comparison):
        return [finding.row, finding.work, "not available", *[""] * 5, finding.reason]
    sign = "≤" if finding.at_most else "≥"
    return [
        finding.row,
        finding.work,
        f"{_figure(finding.product)} {finding.unit}",
        f"{finding.kind}: {finding.other_name}",
        _figure(finding.other),
        f"{finding.ratio:.2f}",
        f"{sign} {finding.target:g}",
        f"{finding.aim:g}",
        "yes" if finding.is_met else "NO",
        finding.note,
    ]


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _markdown(rows: dict[str, Any]) -> str:
    lines = [HEADER, ["---"] * len(HEADER)]
    lines += [finding["cells"] for row in rows.values() for finding in row["findings"]]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    machine = ", ".join(f"{name} {value}" for name, value in _machine().items())
    return f"# Results of `make bench`\n\n{machine}\n\n{table}\n"


def _machine() -> dict[str, Any]:
    version = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    )
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "commit": version.stdout.strip(),
    }
