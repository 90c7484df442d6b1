"""Say what is an http(s) address, strictly: the parsers of the library accept more."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

VISIBLE_ASCII = re.compile(r"[!-~]+")
LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = re.compile(rf"{LABEL}(?:\.{LABEL})*\.?")


def is_web_address(value: str) -> bool:
    """Say whether it is one, without user and password, spaces and control characters."""
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
