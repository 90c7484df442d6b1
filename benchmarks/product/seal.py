"""Seal what was loaded, as if commands had written it: `python -m benchmarks.product.seal`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if __name__ == "__main__":
    django.setup()
    from cqrs.adoption.adapter import adapters
    from cqrs.adoption.sealing import seal_rows

    for stream_type, adapter in adapters().items():
        seal_rows(stream_type, adapter.model)
