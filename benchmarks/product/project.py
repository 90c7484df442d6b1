"""Project the whole feed in this process: `python -m benchmarks.product.project [NAME…]`.

With WAIT_FOR_GO in the environment it says `ready` and begins when it reads a line, so that
several workers begin together.
"""

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if __name__ == "__main__":
    django.setup()
    from benchmarks.product.projecting import project

    if os.environ.get("WAIT_FOR_GO"):
        print("ready", flush=True)
        sys.stdin.readline()
    begun = time.time()
    events, seconds = project(sys.argv[1:])
    print(json.dumps({"events": events, "seconds": seconds, "begun": begun, "ended": time.time()}))
