"""The text of an error as it is stored and shown: without secrets and personal data.

And that of an invalid field, without words of Python.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from traceback import format_tb

from psycopg import Error
from pydantic import ValidationError

LONGEST = 1000
MOST_CAUSES = 8
HEADING = "Traceback (most recent call last):\n"
HIDDEN = "***"

# "://user:password@" of an address, and an e-mail address, with "@" as itself or percent-encoded.
# Bounded as RFC 5321 bounds it: a long text without any "@" would cost the square of its length.
_PART = r"[^\s@<>\"'(),:;=&\[\]{}%]"
_SECRET = re.compile(rf"(?P<login>://[^\s<>\"']*@)|{_PART}{{1,64}}(?:@|%40){_PART}+")
# The lines of a database's error that repeat values; in a `repr`, a new line is two characters.
_DETAIL = re.compile(r"(?:\n|\\n)(?:DETAIL|CONTEXT):.*?(?=\n|\\n|$)")
_QUOTED = re.compile(r'"[^"]*"')


_PERSONAL = "cqrs_personal_texts"  # an attribute of an error


PLAIN = {
    "dict_type": "Give an object",
    "model_type": "Give an object",
    "model_attributes_type": "Give an object",
    "list_type": "Give a list",
    "tuple_type": "Give a list",
    "string_type": "Give a text",
    "string_unicode": "Give a text of Unicode characters",
    "int_type": "Give a whole number",
    "int_parsing": "Not a whole number such as 10",
    "extra_forbidden": "There is no such field",
}
"""Texts that take the place of pydantic's, by the code of the error."""


def error_text(error: BaseException, personal: Iterable[str] = ()) -> str:
    """Return class and message, without the texts that are `personal`.

    Logins of URLs and e-mail addresses are masked. Of a database's error, the lines with values
    are left out, and of a failed validation the values.

    >>> error_text(ValueError("no answer of http://bot:hunter2@example.com/x for ada@example.com"))
    'ValueError: no answer of http://***@example.com/x for ***@***'
    """
    # PostgreSQL's text cannot contain NUL.
    message = _message(error)[: 10 * LONGEST].replace("\0", "")
    for text in sorted({*personal, *_hidden(error)}, key=len, reverse=True):
        message = message.replace(text, HIDDEN)
    return f"{type(error).__name__}: {masked(message)}"[:LONGEST]


def hide(error: BaseException, texts: Iterable[str]) -> None:
    """Leave these texts out wherever the error is stored or shown, and out of those behind it."""
    with suppress(AttributeError):  # a class that is written in C can refuse it
        setattr(error, _PERSONAL, {*_hidden(error), *texts})


def _hidden(error: BaseException) -> set[str]:
    found: set[str] = getattr(error, _PERSONAL, set())
    return found


def error_traceback(error: BaseException) -> str:
    """Return where the error and those behind it were raised, each with its `error_text`."""
    parts: list[str] = []
    personal = _hidden(error)
    found: BaseException | None = error
    while found is not None and len(parts) < MOST_CAUSES:
        personal = personal | _hidden(found)
        text = error_text(found, personal)
        parts.insert(0, "".join([HEADING, *format_tb(found.__traceback__), text]))
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return "\n\n".join(parts)


def masked(text: str) -> str:
    """Return the text without logins of URLs, e-mail addresses and a database's DETAIL."""
    text = _DETAIL.sub("", text)
    return _SECRET.sub(lambda found: "://***@" if found["login"] else "***@***", text)


def _message(error: BaseException) -> str:
    cause = error if isinstance(error, Error) else error.__cause__
    if isinstance(cause, Error) and cause.diag.message_primary:
        return _server_message(cause, cause.diag.message_primary)
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in found)
    return str(error)


def _server_message(error: Error, message: str) -> str:
    """Return the first line: DETAIL and CONTEXT repeat values of the row and of the statement."""
    if (error.sqlstate or "").startswith("22"):  # data exceptions quote the value
        message = _QUOTED.sub(f'"{HIDDEN}"', message)
    return f"{message} ({error.sqlstate})"


def plain_text(code: str, text: str) -> str:
    """Return the text of an invalid field without the names of Python's types."""
    return PLAIN.get(code) or text.replace("Decimal input", "The number")
