"""Many small statements as one: what a statement costs is mostly its way to the server.

They are independent of each other: none sees what another one writes.
"""

from collections.abc import Sequence
from typing import Any

from cqrs.database.cursors import server_cursor

MAX_LENGTH = 3_900  # of a text; psycopg parses a longer one anew each time

Statement = tuple[str, Sequence[str | int]]
"""A text in SQL and its parameters."""


class Selected:
    """The rows of several statements, which were issued as one."""

    def __init__(self, alias: str, statements: Sequence[Statement]) -> None:
        self._count = len(statements)
        self._cursor = server_cursor(alias)
        if statements:
            self._cursor.execute(*union_of(statements))

    def rows(self) -> list[list[tuple[Any, ...]]]:
        """Return the rows of each statement; waits for them."""
        found: list[list[tuple[Any, ...]]] = [[] for _ in range(self._count)]
        for place, *row in self._cursor.fetchall() if self._count else ():
            found[place].append(tuple(row))
        return found


def execute(alias: str, statements: Sequence[Statement]) -> None:
    """Issue statements that write, in as few as the driver remembers the texts of."""
    group: list[Statement] = []
    for statement in statements:
        if group and sum(len(text) for text, _ in (*group, statement)) > MAX_LENGTH:
            server_cursor(alias).execute(*joined(group))
            group = []
        group.append(statement)
    if group:
        server_cursor(alias).execute(*joined(group))


def union_of(statements: Sequence[Statement]) -> Statement:
    """Return one statement for several with the same columns; its first column is their place.

    >>> text, parameters = union_of([("SELECT a FROM one", []), ("SELECT %s FROM two", [7])])
    >>> text.split(" UNION ALL ")[1], parameters
    ('SELECT 1, s.* FROM (SELECT %s FROM two) AS s', [7])
    """
    texts = [
        f"SELECT {place}, s.* FROM ({text}) AS s"  # noqa: S608
        for place, (text, _) in enumerate(statements)
    ]
    return " UNION ALL ".join(texts), _parameters(statements)


def joined(statements: Sequence[Statement]) -> Statement:
    """Return one statement that executes all.

    >>> joined([("DELETE FROM one", []), ("DELETE FROM two WHERE b = %s", [7])])
    ('WITH s0 AS (DELETE FROM one) DELETE FROM two WHERE b = %s', [7])
    """
    *firsts, (last, _) = statements
    named = ", ".join(f"s{place} AS ({text})" for place, (text, _) in enumerate(firsts))
    return (f"WITH {named} {last}" if firsts else last), _parameters(statements)


def _parameters(statements: Sequence[Statement]) -> list[str | int]:
    return [each for _, parameters in statements for each in parameters]
