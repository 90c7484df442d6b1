"""Texts as CSV cells that no spreadsheet runs as a formula, and the way back.

An apostrophe goes in front of what looks like a formula, at the beginning of the cell and behind
`;`, a tab and a line break: a program that splits there sees another cell begin. `original` takes
exactly these apostrophes away.

>>> harmless("=1+1"), harmless("x;=1+1"), harmless("a=1; b")
("'=1+1", "x;'=1+1", 'a=1; b')
>>> original(harmless("'=1")) == "'=1"
True
"""

import re

# https://owasp.org/www-community/attacks/CSV_Injection, and the full-width forms.
_SIGNS = "-=+@＝＋－＠"  # noqa: RUF001
# Quotes and spaces before the sign do not stop every program; apostrophes are those of `harmless`.
_FORMULA = rf"'*[\" ]*[{_SIGNS}]"
_BEGINS = re.compile(rf"^(?={_FORMULA}|'*[\t\r\n])|(?<=[;\t\r\n])(?={_FORMULA})")
_MARKED = re.compile(rf"^'(?={_FORMULA}|'*[\t\r\n])|(?<=[;\t\r\n])'(?={_FORMULA})")


def harmless(text: str) -> str:
    """Return the text as a cell that is shown as text."""
    return _BEGINS.sub("'", text)


def original(cell: str) -> str:
    """Return the text that `harmless` made this cell of."""
    return _MARKED.sub("", cell)
