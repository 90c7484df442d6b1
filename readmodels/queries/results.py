"""Answers that are not cut into pages, because what is asked for bounds them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Results:
    """All documents of an answer, as JSON, in their order."""

    documents: list[str]
