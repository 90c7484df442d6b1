"""Copies of books: acquired, and lent to readers."""
