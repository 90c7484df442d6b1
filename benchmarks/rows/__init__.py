"""The rows of the table, in the order in which they are measured."""

from collections.abc import Callable, Iterable

from benchmarks.bench import Bench
from benchmarks.row import Finding
from benchmarks.rows.c1_capture import c1
from benchmarks.rows.k1_bus import k1
from benchmarks.rows.l1_latency import l1, l1s
from benchmarks.rows.l2_latency_rebuilding import l2
from benchmarks.rows.m1_memory import m1
from benchmarks.rows.p1_projecting import p1
from benchmarks.rows.p2_rebuild import p2
from benchmarks.rows.p3_length import p3
from benchmarks.rows.p4_workers import p4
from benchmarks.rows.r1_page import r1
from benchmarks.rows.r2_single import r2
from benchmarks.rows.r3_cache import r3
from benchmarks.rows.r4_deep_page import r4
from benchmarks.rows.r5_growth import r5
from benchmarks.rows.s1_sequencer import s1
from benchmarks.rows.w1_create_order import w1
from benchmarks.rows.w2_handler import w2

ROWS: dict[str, Callable[[Bench], Iterable[Finding]]] = {
    "R1": r1,
    "R2": r2,
    "R3": r3,
    "R4": r4,
    "R5": r5,
    "W1": w1,
    "W2": w2,
    "P1": p1,
    "P2": p2,
    "P3": p3,
    "P4": p4,
    "L1": l1,
    "L1S": l1s,
    "L2": l2,
    "C1": c1,
    "S1": s1,
    "K1": k1,
    "M1": m1,
}
