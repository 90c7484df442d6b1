"""Print the batch size of the projections' runner."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if __name__ == "__main__":
    django.setup()
    from readmodels.projections import runner

    print(json.dumps({"batch": runner.batch}))
