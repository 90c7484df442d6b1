"""Route the read models to `replica`, and all other models to `default`."""

from typing import ClassVar

from cqrs.database.router import ReadSideRouter


class ReadModelRouter(ReadSideRouter):
    """Routes this app to the read side."""

    read_apps: ClassVar[frozenset[str]] = frozenset({"readmodels"})
