"""Show each setting, its value and where it comes from."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from rich import box
from rich.table import Table
from rich.text import Text

from config.setting import SETTINGS
from config.settings_page import misspelt, page
from config.version import VERSION
from cqrs.management.output import console

FIELDS = ("name", "default", "meaning", "section", "source", "secret")


class Command(BaseCommand):
    help = (
        "Show each setting, its value, and where that comes from: the default, the environment, a"
        " file (NAME_FILE) or LOCAL_DIR. Secrets are masked. Example: manage.py settings_report"
        " --json. Exit codes: 0; 1 when a setting cannot be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--json", action="store_true", help="for machines, with the meanings")
        what.add_argument("--docs", action="store_true", help="print docs/settings.md")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["docs"]:
            self.stdout.write(page(), ending="")
        elif options["json"]:
            self.stdout.write(json.dumps(_report(), indent=2))
        else:
            self._print()

    def _print(self) -> None:
        table = Table("setting", "value", "from", box=box.SIMPLE_HEAD)
        for setting in SETTINGS.values():
            # As text: brackets, as in [::1], are no markup.
            table.add_row(setting.name, Text(setting.shown), setting.source)
        console(self.stdout).print(table)
        for name, ours in misspelt().items():
            self.stdout.write(f"{name} is no setting: is {ours} meant?")


def _report() -> dict[str, Any]:
    settings = [
        {**{name: getattr(each, name) for name in FIELDS}, "value": each.shown}
        for each in SETTINGS.values()
    ]
    return {"version": VERSION, "settings": settings, "misspelt": misspelt()}
