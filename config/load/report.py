"""Say what a run came to, for people and for machines."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table

from config.load.record import Histogram
from config.load.run import Outcome

PERCENTILES = ("p50_ms", "p95_ms", "p99_ms")
THROTTLED = "429 throttled"


def as_json(outcome: Outcome) -> dict[str, Any]:
    record = outcome.record
    return {
        "seconds": round(outcome.seconds, 1),
        "requests": record.requests,
        "requests_per_second": round(record.requests / outcome.seconds, 1),
        "orders": outcome.orders,
        "kinds": {kind: found.summary() for kind, found in sorted(record.kinds.items())},
        "answers": dict(sorted(record.answers.items())),
        "refusals": dict(record.refusals),
        "retried": dict(record.retried),
        "errors": dict(record.errors),
        "read_lag": record.read_lag.summary(),
        "visible": record.visible.summary(),
        "read_back": {
            "orders": outcome.read_back.orders,
            "customers": outcome.read_back.customers,
            "missing": outcome.read_back.missing,
        },
        "interrupted": outcome.interrupted,
    }


def as_text(outcome: Outcome) -> Group:
    return Group(_table(outcome), *_lines(outcome))


def _table(outcome: Outcome) -> Table:
    table = Table("request", box=box.SIMPLE_HEAD)
    for heading in ("count", "per s", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(heading, justify="right")
    kinds = sorted(outcome.record.kinds.items(), key=lambda item: -item[1].counts.total())
    for kind, histogram in kinds:
        table.add_row(kind, *_cells(histogram, outcome.seconds))
    table.add_section()
    table.add_row("all", *_cells(_all(outcome), outcome.seconds))
    return table


def _all(outcome: Outcome) -> Histogram:
    total = Histogram()
    for histogram in outcome.record.kinds.values():
        total.counts.update(histogram.counts)
    return total


def _cells(histogram: Histogram, seconds: float) -> list[str]:
    found = histogram.summary()
    times = [f"{found[name]:.1f}" if found[name] else "" for name in PERCENTILES]
    return [f"{found['count']:,}", f"{found['count'] / seconds:,.1f}", *times]


def _lines(outcome: Outcome) -> Iterator[str]:
    record, back = outcome.record, outcome.read_back
    yield f"read lag, as answers say: {_percentiles(record.read_lag)}"
    yield f"from a commit to its read by token: {_percentiles(record.visible)}"
    yield f"answers: {_counts(record.answers)}"
    yield f"refused by a rule: {_counts(record.refusals)}"
    yield f"asked to come again, and did: {_counts(record.retried)}"
    if THROTTLED in record.retried:
        yield "  the server's THROTTLE_READ and THROTTLE_WRITE limit each user; empty: no limit"
    yield f"errors: {_counts(record.errors)}"
    yield (
        f"read back: {back.orders} of {outcome.orders} confirmed orders, {back.customers}"
        f" customers, {len(back.missing)} missing"
    )
    yield from (f"  missing: {each}" for each in back.missing)


def _percentiles(histogram: Histogram) -> str:
    found = histogram.summary()
    if not found["count"]:
        return "not seen"
    return ", ".join(f"{name[:3]} {found[name]:.1f} ms" for name in PERCENTILES)


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{label}: {count:,}" for label, count in counts.most_common()) or "none"
