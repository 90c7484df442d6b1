"""Which database a model lives in: the read models on `replica`, everything else on `default`."""

from typing import ClassVar

from cqrs.database.router import ReadSideRouter


class ReadModelRouter(ReadSideRouter):
    """Send this app to the read side."""

    read_apps: ClassVar[frozenset[str]] = frozenset({"readmodels"})
