"""Drive a running server with realistic traffic, and measure it."""

import json
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from getpass import getpass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from config.early_settings import PORT
from config.environment import local_dir
from config.load.connection import Unreachable
from config.load.login import Login, LoginRefused
from config.load.report import as_json, as_text
from config.load.run import CannotBegin, Limits, Outcome, Run
from config.load.user import User
from config.management.commands.create_demo_users import USERS
from config.secret_files import DEMO_PASSWORD_FILE
from config.web_addresses import is_web_address
from cqrs.management.arguments import seconds, whole
from cqrs.management.output import console


class Command(BaseCommand):
    """Sends traffic as users of an order desk do, and reads back each order that was confirmed.

    The user must be allowed to do everything. Its password is DEMO_PASSWORD, for a demo user else
    the stored one, else it is asked for.
    """

    help = (
        "Drive a running server with realistic traffic: throughput, latency, errors, read lag."
        " It registers customers (at load.invalid), sets the stock of products LOAD-… and places"
        " orders, so use it where they may stay. The password is DEMO_PASSWORD, else the stored one"
        " of the demo, else it is asked for. Example: manage.py load --orders 500 --concurrency 8"
        " --seconds 60 --json. Exit codes: 0; 1 after an error, a confirmed order that is missing,"
        " or without a server; 130 after Ctrl-C or SIGTERM. No errors are: answers with"
        " Retry-After, which are repeated and counted; out_of_stock and not_found."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        number = whole(1, 1_000_000)
        parser.add_argument(
            "--orders", type=number, default=1000, help="stop after so many; default: 1000"
        )
        parser.add_argument(
            "--concurrency",
            type=whole(1, 500),
            default=8,
            help="users at the same time, each on a connection of its own; default: 8",
        )
        parser.add_argument(
            "--seconds", type=seconds, default=60, help="stop after so many; default: 60"
        )
        parser.add_argument(
            "--url", type=address, help="default: http://127.0.0.1:PORT", metavar="URL"
        )
        parser.add_argument("--username", default="admin", help="default: admin")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, url: str | None, username: str, **options: Any) -> None:
        url = url or f"http://127.0.0.1:{PORT.text() or PORT.default}"
        limits = Limits(options["orders"], options["concurrency"], options["seconds"])
        run = Run(url, Login(username, password_of(username)), limits)
        for number in (signal.SIGINT, signal.SIGTERM):  # also where the caller ignores Ctrl-C
            signal.signal(number, signal.default_int_handler)
        try:
            with progress(limits) as show:
                outcome = run(show)
        except (Unreachable, LoginRefused, CannotBegin) as error:
            raise CommandError(f"{url}: {error}") from error
        except KeyboardInterrupt:  # again, or before the first order
            raise CommandError("Interrupted before the end", returncode=130) from None
        self._report(outcome, is_json=options["json"])
        if outcome.failed:
            sys.exit(1)
        if outcome.interrupted:
            sys.exit(130)

    def _report(self, outcome: Outcome, *, is_json: bool) -> None:
        if is_json:
            self.stdout.write(json.dumps(as_json(outcome), indent=2))
        else:
            console(self.stdout).print(as_text(outcome))


def address(text: str) -> str:
    if not is_web_address(text):
        raise ArgumentTypeError("expected an address such as http://127.0.0.1:8000")
    return text


def password_of(username: str) -> str:
    """Return the user's password. It is no argument, because every user of a machine sees those."""
    stored = local_dir() / DEMO_PASSWORD_FILE
    if settings.DEMO_PASSWORD:
        return str(settings.DEMO_PASSWORD)
    if username in USERS and stored.exists():
        return stored.read_text()
    if not sys.stdin.isatty():
        raise CommandError("Set DEMO_PASSWORD to the user's password")
    return getpass(f"Password of {username}: ")


@contextmanager
def progress(limits: Limits) -> Iterator[Any]:
    """Yield the function that moves the progress bar."""
    text = TextColumn("{task.description}")
    screen = Console(stderr=True)
    bar = Progress(
        text, BarColumn(), TimeRemainingColumn(), console=screen, disable=not screen.is_terminal
    )
    with bar:
        task = bar.add_task("Preparing", total=limits.seconds)

        def show(users: Sequence[User], passed: float) -> None:
            requests = sum(user.record.requests for user in users)
            errors = sum(user.record.errors.total() for user in users)
            rate = requests / passed if passed else 0
            bar.update(
                task,
                completed=passed,
                description=f"{requests:,} requests, {rate:,.0f}/s, {errors} errors",
            )

        yield show
