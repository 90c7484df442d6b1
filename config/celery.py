"""The Celery app. Without Redis its broker is in the web process."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun
from django.db import close_old_connections

from cqrs.database.profiles import Profile, set_profile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("order_desk")
app.set_default()  # for all threads; without it each thread would create an empty app
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect
def prepare_connections(**_: Any) -> None:
    """Give the thread a worker's limits, and close broken connections before the task.

    So a task works after a restart of a database.
    """
    set_profile(Profile.WORKER)
    close_old_connections()
