"""Let commands that change whole tables use the alias that may write, without a time limit."""

from typing import Any

from django.core.management.base import BaseCommand

from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS
from cqrs.database.profiles import Profile, use_profile


class OnWritingAlias(BaseCommand):
    """A base class to put before that of a Django command with `--database`."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        if options.get("database") == READ_ALIAS != PROJECTION_ALIAS:
            options["database"] = PROJECTION_ALIAS
            if options["verbosity"] > 0:
                self.stderr.write(f"{READ_ALIAS!r} only reads: this goes to {PROJECTION_ALIAS!r}")
        with use_profile(Profile.MAINTENANCE):
            return super().execute(*args, **options)
