"""Serve the web part on servers of your own: databases, Redis and workers are elsewhere."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from config.serve.startup import start_exclusively
from config.serve.webserver import run


class Command(BaseCommand):
    """Serve API and admin until a signal stops it; prepare nothing, and start no workers."""

    help = (
        "Serve API and admin on HOST:PORT, without migrating, demo data and workers. "
        "Example: HOST=0.0.0.0 PORT=8000 manage.py web. Exit codes: 0 after a signal, 1 when a"
        " setting or the port stands in the way."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        held = start_exclusively()
        if settings.EMBEDDED:
            raise CommandError("Set DATABASE_URL and REPLICA_DATABASE_URL; or use `serve`")
        if settings.CELERY_BROKER_URL == settings.MEMORY_BROKER:
            raise CommandError("Set REDIS_URL: workers in other processes need a broker")
        run(held)
