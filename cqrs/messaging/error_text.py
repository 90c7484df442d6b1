"""The text of an error as it is stored and shown: without secrets and addresses of persons.

And that of an invalid field, without words of Python.
"""

import re

LONGEST = 1000

# "://user:password@" of an address, and an e-mail address, with "@" as itself or percent-encoded.
# Bounded as RFC 5321 bounds it: a long text without any "@" would cost the square of its length.
_PART = r"[^\s@<>\"'(),:;=&\[\]{}%]"
_SECRET = re.compile(rf"(?P<login>://[^\s<>\"']*@)|{_PART}{{1,64}}(?:@|%40){_PART}+")

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


def error_text(error: Exception) -> str:
    """Return class and message. Logins of URLs and e-mail addresses are masked.

    >>> error_text(ValueError("no answer of http://bot:hunter2@example.com/x for ada@example.com"))
    'ValueError: no answer of http://***@example.com/x for ***@***'
    """
    # PostgreSQL's text cannot contain NUL.
    message = str(error)[: 10 * LONGEST].replace("\0", "")
    return f"{type(error).__name__}: {masked(message)}"[:LONGEST]


def masked(text: str) -> str:
    """Return the text without logins of URLs and without e-mail addresses."""
    return _SECRET.sub(lambda found: "://***@" if found["login"] else "***@***", text)


def plain_text(code: str, text: str) -> str:
    """Return the text of an invalid field without the names of Python's types."""
    return PLAIN.get(code) or text.replace("Decimal input", "The number")
