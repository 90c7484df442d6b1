"""Measure the rows and write the results: `python -m benchmarks [ROWS]`, such as `R1,P1`."""

import sys
import traceback

from benchmarks import report
from benchmarks.bench import Bench
from benchmarks.row import Finding, NotAvailable
from benchmarks.rows import ROWS
from benchmarks.servers import running_postgres


def main() -> int:
    """Measure the rows named, or all; return 1 when one of them failed."""
    wanted = sys.argv[1].upper().split(",") if sys.argv[1:] else list(ROWS)
    if unknown := sorted(set(wanted) - ROWS.keys()):
        sys.exit(f"No such row: {', '.join(unknown)}. There are {', '.join(ROWS)}")
    findings: list[Finding] = []
    failed = False
    with running_postgres() as postgres:
        bench = Bench(postgres)
        for name in wanted:
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                found = list(ROWS[name](bench))
            except Exception as error:  # noqa: BLE001  the other rows are still worth measuring
                traceback.print_exc()
                failed = True
                reason = f"{type(error).__name__}: {error}"[:300]
                found = [NotAvailable(name, "failed", " ".join(reason.split()))]
            findings += found
            report.write(findings)
    report.show(findings)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
