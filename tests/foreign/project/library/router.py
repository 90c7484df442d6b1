"""The catalog is read on `replica`."""

from typing import ClassVar

from cqrs.database.router import ReadSideRouter


class LibraryRouter(ReadSideRouter):
    read_apps: ClassVar[frozenset[str]] = frozenset({"catalog"})
