"""What the subcommands of `manage.py projections` share."""

from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.management.base import CommandError, OutputWrapper
from rich.console import Console

from cqrs.database.profiles import Profile
from cqrs.management.output import console
from cqrs.projections.projection import Projection
from cqrs.projections.registry import projections


class Subcommand(ABC):
    """One subcommand: its arguments, and what it does."""

    name: ClassVar[str]
    help: ClassVar[str]
    examples: ClassVar[str]
    """How to call it, and its exit codes."""
    profile: ClassVar[Profile] = Profile.COMMAND
    """What limits its statements have."""

    def __init__(self, stdout: OutputWrapper) -> None:
        self.stdout = stdout

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare the arguments; by default the names of projections."""
        add_names(parser)

    @abstractmethod
    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises `CommandError` for the exit code 1."""

    def console(self) -> Console:
        return console(self.stdout)


def add_subcommand(commands: Any, name: str, text: str, examples: str) -> ArgumentParser:
    """Add a parser whose `--help` has the text, how to call it, and its exit codes."""
    parser: ArgumentParser = commands.add_parser(name, help=text, description=text, epilog=examples)
    return parser


def add_names(parser: ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all unless named")


def chosen(names: Sequence[str]) -> list[Projection]:
    """Return the projections with these names, or all if none is named. Raises `CommandError`."""
    known = {projection.name: projection for projection in projections()}
    if unknown := [name for name in names if name not in known]:
        raise CommandError(
            f"There is no projection {', '.join(unknown)}. There are: {', '.join(known)}"
        )
    return [known[name] for name in dict.fromkeys(names or known)]


def fail_with(complaints: Sequence[str]) -> None:
    """Raise `CommandError` if there is any complaint."""
    if complaints:
        raise CommandError("; ".join(complaints))
