"""Secrets in files that only their owner can read."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config import environment as env

KEY_LENGTH = 50
KEY_FILE, DEMO_PASSWORD_FILE = "secret_key", "demo_password"


def secret_key(given: str, *, must_be_long: bool) -> str:
    """Return the given key, else a random one that is stored. Django asks for 50 characters."""
    if given and must_be_long:
        _require_length("SECRET_KEY", given)
    return given or stored_secret(KEY_FILE, at_least=KEY_LENGTH)


def fallback_keys(given: list[str], *, must_be_long: bool) -> list[str]:
    """Return the given keys, whose signatures are accepted, too."""
    for key in given if must_be_long else ():
        _require_length("SECRET_KEY_FALLBACKS", key)
    return given


def _require_length(name: str, key: str) -> None:
    if len(key) < KEY_LENGTH or len(set(key)) < 5:
        raise ImproperlyConfigured(
            f"{name}: with HTTPS=1 it needs {KEY_LENGTH} random characters or more"
        )


def stored_secret(name: str, at_least: int = 1) -> str:
    """Return a random secret, stored in a file that only its owner can read.

    A shorter one, of an earlier version, is replaced.
    """
    path = env.local_dir() / name
    if path.exists() and len(path.read_text()) < at_least:
        path.unlink(missing_ok=True)
    if not path.exists():
        draft = _private_file(name, secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(draft, path)  # complete or not at all; of two processes one wins
        draft.unlink()
    return path.read_text()


def write_secret(name: str, value: str) -> None:
    """Store a text in a file that only its owner can read."""
    _private_file(name, value).replace(env.local_dir() / name)


def _private_file(name: str, value: str) -> Path:
    path = env.local_dir() / f"{name}.{os.getpid()}"
    with os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write(value)
    return path
