"""The Celery app. Without a Redis its broker lives in the web process."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("order_desk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
