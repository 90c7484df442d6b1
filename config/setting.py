"""Declare what the environment may set: each name once, with its default and its meaning.

`docs/settings.md` and `manage.py settings_report` are made of these declarations.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

MASK = "********"
# Up to the last @, because a password that is not quoted can hold one.
_URL_PASSWORD = re.compile(r"(://[^:/@\s]*:)(.*)(?=@)")
_PASSWORD_PAIR = re.compile(r"(?i)((?:password|secret|token)[a-z_]*=)[^&\s]+")


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable. `unset` says what is used where the default is empty."""

    name: str
    default: str
    meaning: str
    section: str
    unset: str = ""
    secret: bool = False
    stored_in: str = ""
    """The file in LOCAL_DIR that has the value of a variable that is not set."""
    by_file: bool = True
    """Whether NAME_FILE works. Not where another program reads the variable."""

    @property
    def file_variable(self) -> str:
        return f"{self.name}_FILE"

    def text(self) -> str:
        """Return the value, or the default. Raises ImproperlyConfigured about NAME_FILE."""
        given = self.given()
        return self.default if given is None else given

    def given(self) -> str | None:
        """Return the variable, or the text of the file that NAME_FILE names; None without both."""
        value, path = os.environ.get(self.name), self._path()
        if path and value:
            raise ImproperlyConfigured(f"{self.name} and {self.file_variable}: set one of the two")
        return self._read(path) if path else value

    def _path(self) -> str:
        return os.environ.get(self.file_variable, "") if self.by_file else ""

    def _read(self, path: str) -> str:
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        # Neither the path, which can be a secret by mistake, nor the cause, which can quote one.
        raise ImproperlyConfigured(f"{self.file_variable}: cannot read the file: {reason}")

    def error(self, remedy: str) -> ImproperlyConfigured:
        """Return the error of a wrong value. It shows no content of a file."""
        wrong = f"{self.name}={os.environ.get(self.name, '')!r}"
        return ImproperlyConfigured(f"{self.file_variable if self._path() else wrong}: {remedy}")

    @property
    def source(self) -> str:
        """Return where the value comes from: `file`, `environment`, `.local` or `default`."""
        if self._path():
            return "file"
        if self.stored_in and not self.text():
            return ".local"
        return "default" if self.given() is None else "environment"

    @property
    def shown(self) -> str:
        """Return the value for people: secrets and the passwords in URLs are masked."""
        value = self.text()
        if not value:
            return self.unset.replace("`", "")
        return MASK if self.secret else _PASSWORD_PAIR.sub(rf"\1{MASK}", _masked_url(value))


def _masked_url(value: str) -> str:
    return _URL_PASSWORD.sub(rf"\1{MASK}", value)


SETTINGS: dict[str, Setting] = {}
_sections = ["Starting"]


def section(title: str) -> None:
    """Begin a section of docs/settings.md: the settings declared from now on stand in it."""
    _sections[-1] = title


def declare(
    name: str,
    default: str,
    meaning: str,
    *,
    unset: str = "",
    secret: bool = False,
    stored_in: str = "",
    by_file: bool = True,
) -> Setting:
    """Declare a variable. A second declaration of the name replaces the first."""
    SETTINGS[name] = Setting(
        name, default, meaning, _sections[-1], unset, secret, stored_in, by_file
    )
    return SETTINGS[name]
