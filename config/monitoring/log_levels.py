"""The levels of the log: one for all, and one for each area that needs its own."""

import re
from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
OURS = ("config", "cqrs", "customers", "orders", "readmodels")
"""Our own areas: the names of our packages. All others are libraries."""
AREA = re.compile(r"[A-Za-z_]\w*(\.\w+)*", re.ASCII)


def overall(name: str, value: str) -> str:
    """Return the level in a variable; empty if it is unset."""
    if value and value.upper() not in LEVELS:
        raise ImproperlyConfigured(f"{name}={value!r}: set it to one of {', '.join(LEVELS)}")
    return value.upper()


def by_area(name: str, value: str, overall: str) -> Mapping[str, str]:
    """Return the level of each area that has one, from `customers=DEBUG,django=INFO`.

    Ours have INFO, unless there is a level for all. Django repeats each refusal as a warning (a
    404, a 409), which `message` has with its reason, so its warnings have to be asked for.
    """
    standard = dict.fromkeys(OURS, overall or "INFO")
    standard["django.request"] = max("ERROR", overall or "ERROR", key=LEVELS.index)
    return {**standard, **dict(_pair(name, each) for each in value.split(",") if each.strip())}


def _pair(name: str, text: str) -> tuple[str, str]:
    area, _, level = (part.strip() for part in text.partition("="))
    if not AREA.fullmatch(area) or level.upper() not in LEVELS:
        raise ImproperlyConfigured(
            f"{name}: {text.strip()!r} is no pair such as customers=DEBUG or django.request=WARNING"
            f" (levels: {', '.join(LEVELS)})"
        )
    return area, level.upper()
