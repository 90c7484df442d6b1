"""Say that all projections have come to a position: `python -m benchmarks.product.stand_at N`."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if __name__ == "__main__":
    django.setup()
    from benchmarks.product.projecting import stand_at

    stand_at(int(sys.argv[1]))
