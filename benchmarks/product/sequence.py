"""The sequencer: move what is pending, or go on for some seconds: `… sequence [SECONDS]`.

With seconds it looks again every 10 ms, more often than any wake-up would ask it to.
"""

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
PAUSE_S = 0.01


def main(seconds: float) -> None:
    from benchmarks.product.projecting import step
    from cqrs.event_log import sequencer

    before, started = sequencer.head(), time.perf_counter()
    while True:
        more = step()
        if time.perf_counter() - started > seconds and not more:
            break
        if not more:
            time.sleep(PAUSE_S)
    took = time.perf_counter() - started
    print(json.dumps({"events": sequencer.head() - before, "seconds": took}))


if __name__ == "__main__":
    django.setup()
    main(float(sys.argv[1]) if sys.argv[1:] else 0.0)
