"""The servers of both databases: how many of their connections are in use."""

from collections.abc import Iterator

from django.db import connections

from cqrs.database.aliases import READ_ALIAS, WRITE_ALIAS
from cqrs.operations.collectors.gauges import Gauges, Sample

# Not pg_stat_activity: it hides the sessions of other roles from one without further rights.
_CONNECTIONS = """
SELECT sum(numbackends)::int, current_setting('max_connections')::int FROM pg_stat_database
"""


class DatabaseConnections(Gauges):
    """Queries one database's server. All databases of a server share its connections."""

    declared = {
        "cqrs_database_connections": ("Connections to the server", ("database",)),
        "cqrs_database_max_connections": ("Connections that it admits", ("database",)),
    }

    def samples(self) -> Iterator[Sample]:
        for alias in (WRITE_ALIAS, READ_ALIAS):
            with connections[alias].cursor() as cursor:
                cursor.execute(_CONNECTIONS)
                used, admitted = cursor.fetchone()
            yield "cqrs_database_connections", [alias], used
            yield "cqrs_database_max_connections", [alias], admitted
