"""Print what a fair comparison has to know of the product: batch size, partitions, behaviors."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if __name__ == "__main__":
    django.setup()
    from benchmarks.product.projecting import facts
    from cqrs.conf import conf

    caching = any("caching" in path for path in conf().QUERY_BEHAVIORS)
    print(json.dumps({**facts(), "caching": caching}))
