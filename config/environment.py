"""Read settings from environment variables, with errors that name the variable."""

import os
import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")  # isdecimal() accepts the digits of every script
RATE = re.compile(r"([1-9][0-9]*)/(s|sec|min|h|hour|day)")
VISIBLE_ASCII = re.compile(r"[!-~]+")
LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = re.compile(rf"{LABEL}(?:\.{LABEL})*\.?")
SECONDS = {"s": 1, "sec": 1, "min": 60, "h": 3600, "hour": 3600, "day": 86_400}
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name}={value!r}: set it to 1 or 0")
    return value.lower() in TRUE


def number(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    if not WHOLE_NUMBER.fullmatch(value):
        raise ImproperlyConfigured(f"{name}={value!r}: set it to a whole number")
    return int(value)


def choice(name: str, *allowed: str) -> str:
    """Return the variable's value; the first of the allowed ones is the default."""
    value = os.environ.get(name, allowed[0])
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r}: set it to one of {', '.join(allowed)}")
    return value


def web_address(name: str) -> str:
    """Return an http(s) address, empty when unset. Errors do not show it: it can hold a secret."""
    value = os.environ.get(name, "")
    if value and not _is_web_address(value):
        raise ImproperlyConfigured(
            f"{name}: set it to an address such as https://example.com/hook, without user and"
            " password, spaces and control characters; its name as xn--… if it is not ASCII"
        )
    return value


def _is_web_address(value: str) -> bool:
    # Before the parser, which drops line breaks and tabs.
    if not VISIBLE_ASCII.fullmatch(value):
        return False
    try:
        parts = urlsplit(value)
        port = parts.port  # ValueError: not a number, or above 65535
    except ValueError:
        return False
    is_plain = "@" not in parts.netloc and "\\" not in parts.netloc
    has_port = port != 0 and not parts.netloc.endswith(":")
    return parts.scheme in ("http", "https") and is_plain and has_port and _is_host(parts.netloc)


def _is_host(netloc: str) -> bool:
    name = urlsplit(f"//{netloc}").hostname or ""
    if netloc.startswith("[") or name.replace(".", "").isdigit():
        try:
            ip_address(name)
        except ValueError:
            return False
        return True
    return len(name) <= 253 and HOST.fullmatch(name) is not None


def rate(name: str, default: str) -> tuple[int, int] | None:
    """Return (requests, seconds) of a rate such as `100/min`; None when it is set empty."""
    value = os.environ.get(name, default)
    if not value:
        return None
    match = RATE.fullmatch(value)
    if match is None:
        raise ImproperlyConfigured(
            f"{name}={value!r}: set it to a rate such as {default}, or empty"
        )
    return int(match[1]), SECONDS[match[2]]


def shares(name: str, threads: int, of_eight: str) -> dict[str, int]:
    """Return how many of the threads each kind of work may use; by default in eighths of them."""
    defaults = {kind: int(count) for kind, count in _pairs(of_eight)}
    found = {kind: max(1, threads * count // 8) for kind, count in defaults.items()}
    for kind, count in _pairs(os.environ.get(name, "")):
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


def options(name: str) -> dict[str, str]:
    """Return the `name=value` pairs, which stand apart by spaces."""
    pairs = [each.partition("=") for each in os.environ.get(name, "").split()]
    if any(not key or not separator for key, separator, _ in pairs):
        raise ImproperlyConfigured(f"{name}: expected pairs such as bootstrap.servers=host:9092")
    return {key: value for key, _, value in pairs}


def listed(name: str, default: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def local_dir(name: str = "") -> Path:
    """Return the folder of this checkout's own files, or a folder in it."""
    path = Path(os.environ.get("LOCAL_DIR", BASE_DIR / ".local")) / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def private_dir(name: str) -> Path:
    """Return a folder of this checkout that only its owner can read."""
    path = local_dir(name)
    path.chmod(0o700)
    return path
