"""The rows of the table, in the order in which they are measured."""

from collections.abc import Callable, Iterable

from benchmarks.bench import Bench
from benchmarks.row import Finding
from benchmarks.rows.k1_bus import k1
from benchmarks.rows.p1_projecting import p1
from benchmarks.rows.r1_page import r1
from benchmarks.rows.r2_single import r2
from benchmarks.rows.s1_sequencer import s1
from benchmarks.rows.w1_create_order import w1
from benchmarks.rows.w2_handler import w2

ROWS: dict[str, Callable[[Bench], Iterable[Finding]]] = {
    "R1": r1,
    "R2": r2,
    "W1": w1,
    "W2": w2,
    "P1": p1,
    "S1": s1,
    "K1": k1,
}
