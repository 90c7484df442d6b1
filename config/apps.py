from importlib import import_module

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    """An app, so that Django finds its commands, and roles are created."""

    name = "config"
    label = "config"

    def ready(self) -> None:
        # Celery's app first: without it, a queued task would go to Celery's default broker.
        import_module("config.celery")
        import_module("config.monitoring.celery_processes")
        from config.monitoring.traces.switch import switch_on
        from config.roles import create_roles

        switch_on()

        # The last app with models: all permissions exist when its turn comes.
        post_migrate.connect(create_roles, sender=apps.get_app_config("readmodels"))
