"""Tables of the tests' own that the engine captures: an aggregate, and two kinds of its parts."""

from uuid import UUID

from django.db import connection

WATCHED = {
    "shelf": ("shelf", "id"),
    "shelf_book": ("shelf", "shelf_id"),
    "shelf_note": ("shelf", "shelf_id"),
}
CREATE = """
CREATE TABLE shelf (id uuid PRIMARY KEY, title text NOT NULL);
CREATE TABLE shelf_book (shelf_id uuid, number integer, PRIMARY KEY (shelf_id, number));
CREATE TABLE shelf_note (id bigint PRIMARY KEY, shelf_id uuid NOT NULL);
"""
DROP = "DROP TABLE shelf, shelf_book, shelf_note"
ONE, TWO = UUID(int=1), UUID(int=2)


def execute(*statements: str) -> None:
    """Run each statement in a transaction of its own."""
    for statement in statements:
        with connection.cursor() as cursor:
            cursor.execute(statement)
