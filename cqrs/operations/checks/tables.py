"""System checks of the entries of `settings.CQRS` and of the tables that they name."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from cqrs.conf import NAMES, conf
from cqrs.operations.checks.entries import KINDS, LIST, closest


@register("cqrs")
def names_are_known(**_: Any) -> list[CheckMessage]:
    """Name the entries of `settings.CQRS` that the kernel does not read."""
    given: Mapping[str, Any] = getattr(settings, "CQRS", {})
    return [
        Error(
            f"CQRS has an unknown entry {name!r}",
            hint=closest(name, NAMES),
            id="cqrs.E001",
        )
        for name in given
        if name not in NAMES
    ]


@register("cqrs")
def tables_are_right(**_: Any) -> list[CheckMessage]:
    """Name the paths that cannot be imported, and what is there instead of the right thing."""
    return [error for name in KINDS for error in _read(name)[1]]


@register("cqrs")
def names_are_unique(**_: Any) -> list[CheckMessage]:
    """Name the events, messages, projections and reactions that have one name with another."""
    found: list[CheckMessage] = []
    for setting, kind in KINDS.items():
        if kind.name is not None:
            counted = Counter(kind.name(entry) for entry in entries(setting))
            repeated = sorted(name for name, count in counted.items() if count > 1)
            found += [
                Error(f"CQRS[{setting!r}] has two entries called {name!r}", id="cqrs.E004")
                for name in repeated
            ]
    return found


def entries(setting: str) -> list[Any]:
    """Return the entries of all tables of a setting that are of the right kind."""
    return _read(setting)[0]


def _read(setting: str) -> tuple[list[Any], list[CheckMessage]]:
    """Return the right entries, and an error for each thing that is wrong."""
    paths, kind = getattr(conf(), setting), KINDS[setting]
    if not isinstance(paths, LIST):
        return [], [_wrong(setting, repr(paths), "a list of dotted paths")]
    right: list[Any] = []
    wrong: list[CheckMessage] = []
    for path in paths:
        try:
            table = import_string(path)
        except (ImportError, AttributeError) as error:  # AttributeError: it is no text
            wrong.append(_not_importable(setting, path, error))
            continue
        if not kind.is_table(table):
            wrong.append(_wrong(setting, path, f"a table whose entries are {kind.entry}"))
            continue
        for entry in kind.entries(table):
            if kind.fits(entry):
                right.append(entry)
            else:
                wrong.append(_wrong(setting, f"{path}: {_shown(entry)}", kind.entry))
    return right, wrong


def _shown(entry: Any) -> str:
    return repr(entry[0] if isinstance(entry, tuple) else entry)


def _not_importable(setting: str, path: object, error: Exception) -> CheckMessage:
    return Error(
        f"CQRS[{setting!r}] names {path!r}, which cannot be imported: {error}", id="cqrs.E002"
    )


def _wrong(setting: str, what: str, expected: str) -> CheckMessage:
    return Error(f"CQRS[{setting!r}]: {what} is not {expected}", id="cqrs.E003")
