"""Note when a standby has replayed what: `… replay URL`, until the input ends.

Prints pairs of two times: when it was noted, and the commit time of the last transaction that the
standby had replayed by then.
"""

import json
import select
import sys

import psycopg

PAUSE_S = 0.001
LAST_REPLAYED = "SELECT clock_timestamp(), pg_last_xact_replay_timestamp()"


def main() -> None:
    noted: list[tuple[float, float]] = []
    is_over = False
    with psycopg.connect(sys.argv[1], autocommit=True) as connection:
        while not is_over:
            is_over = bool(select.select([sys.stdin], [], [], PAUSE_S)[0])
            now, replayed = connection.execute(LAST_REPLAYED).fetchone() or (None, None)
            if replayed and (not noted or replayed.timestamp() > noted[-1][1]):
                noted.append((now.timestamp(), replayed.timestamp()))
    print(json.dumps({"noted": noted}))


if __name__ == "__main__":
    main()
