"""Read settings from environment variables, with errors that name the variable.

Each call declares the variable, too: its default and, for docs/settings.md, its meaning.
"""

import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.early_settings import LOCAL_DIR
from config.setting import declare
from config.web_addresses import is_web_address

BASE_DIR = Path(__file__).resolve().parent.parent
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")  # isdecimal() accepts the digits of every script
RATE = re.compile(r"([1-9][0-9]*)/(s|sec|min|h|hour|day)")
SECONDS = {"s": 1, "sec": 1, "min": 60, "h": 3600, "hour": 3600, "day": 86_400}
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(
    name: str,
    default: str,
    meaning: str,
    *,
    unset: str = "none",
    secret: bool = False,
    stored_in: str = "",
    by_file: bool = True,
) -> str:
    """Return the variable's value. `unset` says in the docs what an empty default stands for.

    `by_file=False` is for a variable that a library reads, too.
    """
    setting = declare(
        name, default, meaning, unset=unset, secret=secret, stored_in=stored_in, by_file=by_file
    )
    return setting.text()


def flag(name: str, default: bool, meaning: str) -> bool:
    setting = declare(name, "1" if default else "0", meaning)
    value = setting.text().lower()
    if value not in TRUE | FALSE:
        raise setting.error("set it to 1 or 0")
    return value in TRUE


def number(name: str, default: int, meaning: str) -> int:
    setting = declare(name, str(default), meaning)
    if not WHOLE_NUMBER.fullmatch(setting.text()):
        raise setting.error("set it to a whole number")
    return int(setting.text())


def choice(name: str, allowed: tuple[str, ...], meaning: str) -> str:
    """Return the variable's value; the first of the allowed ones is the default."""
    setting = declare(name, allowed[0], meaning)
    if setting.text() not in allowed:
        raise setting.error(f"set it to one of {', '.join(allowed)}")
    return setting.text()


def web_address(name: str, meaning: str, *, unset: str = "none") -> str:
    """Return an http(s) address, empty when unset. Errors do not show it: it can hold a secret."""
    value = declare(name, "", meaning, unset=unset, secret=True).text()
    if value and not is_web_address(value):
        raise ImproperlyConfigured(
            f"{name}: set it to an address such as https://example.com/hook, without user and"
            " password, spaces and control characters; its name as xn--… if it is not ASCII"
        )
    return value


def rate(name: str, default: str, meaning: str) -> tuple[int, int] | None:
    """Return (requests, seconds) of a rate such as `100/min`; None when it is set empty."""
    setting = declare(name, default, meaning, unset="no limit")
    if not setting.text():
        return None
    match = RATE.fullmatch(setting.text())
    if match is None:
        raise setting.error(f"set it to a rate such as {default}, or empty")
    return int(match[1]), SECONDS[match[2]]


def shares(name: str, threads: int, of_eight: str, meaning: str) -> dict[str, int]:
    """Return how many of the threads each kind of work may use; by default in eighths of them."""
    given = declare(name, "", meaning, unset=f"`{of_eight}` of 8").text()
    defaults = {kind: int(count) for kind, count in _pairs(of_eight)}
    found = {kind: max(1, threads * count // 8) for kind, count in defaults.items()}
    for kind, count in _pairs(given):
        is_number = WHOLE_NUMBER.fullmatch(count)
        if kind not in defaults or not is_number or not 0 < int(count) <= threads:
            raise ImproperlyConfigured(
                f"{name}: expected {of_eight}, or some of them, each from 1 to WEB_THREADS"
            )
        found[kind] = int(count)
    return found


def _pairs(value: str) -> list[tuple[str, str]]:
    return [
        (kind.strip(), count.strip())
        for kind, _, count in (each.partition("=") for each in value.split(",") if each.strip())
    ]


def options(name: str, meaning: str) -> dict[str, str]:
    """Return the `name=value` pairs, which stand apart by spaces."""
    given = declare(name, "", meaning, unset="none").text()
    pairs = [each.partition("=") for each in given.split()]
    if any(not key or not separator for key, separator, _ in pairs):
        raise ImproperlyConfigured(f"{name}: expected pairs such as bootstrap.servers=host:9092")
    return {key: value for key, _, value in pairs}


def listed(name: str, default: str, meaning: str, *, secret: bool = False) -> list[str]:
    given = declare(name, default, meaning, unset="none", secret=secret).text()
    return [item.strip() for item in given.split(",") if item.strip()]


def local_dir(name: str = "") -> Path:
    """Return the folder of this checkout's own files, or a folder in it."""
    given = LOCAL_DIR.given()
    path = Path(given or BASE_DIR / LOCAL_DIR.default) / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def private_dir(name: str) -> Path:
    """Return a folder of this checkout that only its owner can read."""
    path = local_dir(name)
    path.chmod(0o700)
    return path
