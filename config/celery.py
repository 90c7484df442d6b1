"""The Celery app. Without a Redis its broker lives in the web process."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("order_desk")
app.set_default()  # for all threads; without it each would make an empty app of its own
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect
def drop_broken_connections(**_: Any) -> None:
    """Let a task begin with connections that work, after a database was restarted."""
    close_old_connections()
