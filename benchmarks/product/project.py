"""Project the whole feed in this process: `python -m benchmarks.product.project [NAME…]`."""

import json
import sys

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if __name__ == "__main__":
    django.setup()
    from benchmarks.product.projecting import project

    events, seconds = project(sys.argv[1:])
    print(json.dumps({"events": events, "seconds": seconds}))
