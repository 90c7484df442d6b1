"""The command side: one module per use case, and the table that the bus reads."""

from lending.commands.acquire_book import AcquireBook, acquire_book
from lending.commands.lend_book import LendBook, lend_book

HANDLERS = {AcquireBook: acquire_book, LendBook: lend_book}
