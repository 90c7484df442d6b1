"""The Celery app. Without Redis its broker is in the web process."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("order_desk")
app.set_default()  # for all threads; without it each thread would create an empty app
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect
def drop_broken_connections(**_: Any) -> None:
    """Close broken connections before a task, so that it works after a restart of a database."""
    close_old_connections()
