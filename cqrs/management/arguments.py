"""What `manage.py projections` can be told."""

from argparse import ArgumentParser, _SubParsersAction
from typing import Any

Commands = _SubParsersAction  # what `add_subparsers` returns; argparse has no public name for it


def add_arguments(parser: ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="command", required=True)
    _status(commands)
    _run(commands)
    _rebuild(commands)
    _verify(commands)
    _repartition(commands)
    _parked(commands)


def _status(commands: "Commands[Any]") -> None:
    status = commands.add_parser("status", help="show position, lag and state of each")
    status.add_argument("--json", action="store_true", help="print JSON")
    status.add_argument(
        "--max-lag", type=float, metavar="SECONDS", help="fail when any lags longer than this"
    )


def _run(commands: "Commands[Any]") -> None:
    run = commands.add_parser("run", help="project in this process, without Celery")
    _add_names(run)
    run.add_argument(
        "--until-caught-up", action="store_true", help="end when the log is applied as it is now"
    )


def _rebuild(commands: "Commands[Any]") -> None:
    rebuild = commands.add_parser("rebuild", help="build anew from the log, prove, swap")
    _add_names(rebuild)
    rebuild.add_argument("--all", action="store_true", dest="every", help="rebuild all of them")
    rebuild.add_argument(
        "--accept-changes", action="store_true", help="swap although the new tables differ"
    )
    rebuild.add_argument(
        "--rollback", action="store_true", help="let the tables that were replaced serve again"
    )
    rebuild.add_argument(
        "--discard", action="store_true", help="drop an unfinished rebuild and the old tables"
    )


def _verify(commands: "Commands[Any]") -> None:
    verify = commands.add_parser("verify", help="compare with what the log and the writes say")
    _add_names(verify)
    verify.add_argument("--repair", action="store_true", help="mend the read models")
    verify.add_argument(
        "--parts", type=int, default=1, metavar="N", help="look at a random one of N parts"
    )


def _repartition(commands: "Commands[Any]") -> None:
    repartition = commands.add_parser("repartition", help="change the number of partitions")
    _add_names(repartition)
    repartition.add_argument(
        "--partitions", type=int, metavar="N", help="1 to 256; else what the settings say"
    )


def _parked(commands: "Commands[Any]") -> None:
    parked = commands.add_parser("parked", help="look at and handle events that failed")
    actions = parked.add_subparsers(dest="action", required=True)
    for action, what in (
        ("list", "show them"),
        ("retry", "apply them in order"),
        ("discard", "forget them for good; name the events, or --all"),
    ):
        handle = actions.add_parser(action, help=what)
        _add_names(handle)
        handle.add_argument(
            "--event", action="append", dest="events", metavar="ID", help="only this; repeatable"
        )
        if action == "list":
            handle.add_argument("--json", action="store_true", help="print JSON")
        if action == "discard":
            handle.add_argument("--all", action="store_true", dest="every", help="all of them")


def _add_names(parser: ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all unless named")
