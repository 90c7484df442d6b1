"""`manage.py serve` over databases that are loaded already: without migrations and demo data."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if __name__ == "__main__":
    from config.serve.startup import start_exclusively

    start_exclusively()
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from config.management.commands.serve import Command

    class Serve(Command):
        def _prepare(self) -> None:
            call_command("create_demo_users")
            connections.close_all()

    Serve().handle()
