"""The query side: one module per use case, and the table that the bus reads."""

from catalog.queries.get_book import GetBook, get_book
from catalog.queries.list_books import ListBooks, list_books

HANDLERS = {GetBook: get_book, ListBooks: list_books}
