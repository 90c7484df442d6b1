"""The properties of Debezium's PostgreSQL connector, for the engine and for Kafka Connect alike.

https://debezium.io/documentation/reference/stable/connectors/postgresql.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connections
from psycopg import Connection

from cqrs.cdc.changes import EVENT_TABLE, Watched
from cqrs.conf import conf
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.projections.models import ChangeOffset

HEARTBEAT_MESSAGE = "SELECT pg_logical_emit_message(false, 'heartbeat', '')"
CONNECT_S = "5"
JDBC_OPTIONS = f"targetServerType=primary&connectTimeout={CONNECT_S}&socketTimeout=30"
SSL = ("sslmode", "sslrootcert", "sslcert", "sslkey")


def connector(watched: Watched) -> dict[str, str]:
    """Return what does not depend on where the connector runs."""
    name = conf().CDC_NAME
    heartbeat_ms = str(int(conf().CDC_HEARTBEAT_S * 1000))
    return {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "plugin.name": "pgoutput",
        "slot.name": name,
        "publication.name": name,
        "publication.autocreate.mode": "disabled",
        "topic.prefix": name,
        "table.include.list": ",".join(f"public.{table}" for table in [EVENT_TABLE, *watched]),
        # Only keys are used, so nothing else leaves the database.
        "column.include.list": ",".join(_key_columns(watched)),
        "snapshot.mode": "no_data",
        "skipped.operations": "none",  # Debezium skips truncates by default
        "decimal.handling.mode": "string",
        "provide.transaction.metadata": "false",
        # The message moves the slot forward while only other databases of the server are written.
        "heartbeat.interval.ms": heartbeat_ms,
        "heartbeat.action.query": HEARTBEAT_MESSAGE,
        "poll.interval.ms": "5",
    }


def embedded(watched: Watched, capture: Connection) -> dict[str, str]:
    """Return the engine's properties, with the logins of both databases."""
    return {
        **connector(watched),
        "name": conf().CDC_NAME,
        **_source(capture),
        **_offset_table(),
        "offset.flush.interval.ms": "0",  # with every batch
        "key.converter.schemas.enable": "false",
        "value.converter.schemas.enable": "false",
        "errors.max.retries": "0",  # the supervisor tries again, and says so
    }


def _key_columns(watched: Watched) -> Iterator[str]:
    yield rf"public\.{EVENT_TABLE}\.id"
    for table, (_, column) in watched.items():
        yield rf"public\.{table}\.{column}"


def _source(capture: Connection) -> dict[str, str]:
    """Return the login at the server that was found to accept writes."""
    info = capture.info
    parameters = info.get_parameters()
    return {
        "database.hostname": info.host,
        "database.port": str(info.port),
        "database.user": info.user,
        "database.password": info.password,
        "database.dbname": info.dbname,
        # No `socketTimeout`: the driver can lose its place in a stream of replication by it.
        "driver.connectTimeout": CONNECT_S,
        "driver.loginTimeout": CONNECT_S,
        **{f"database.{name}": parameters[name] for name in SSL if parameters.get(name)},
    }


def _offset_table() -> dict[str, str]:
    connection: Any = connections[PROJECTION_ALIAS]
    login: Mapping[str, str] = connection.settings_dict
    connection.ensure_connection()  # knows the password of a `passfile`, which Java does not read
    hosts, ports = login["HOST"].split(","), str(login["PORT"]).split(",")
    where = ",".join(f"{host}:{port}" for host, port in zip(hosts, ports, strict=True))
    prefix = "offset.storage.jdbc"
    return {
        "offset.storage": "io.debezium.storage.jdbc.offset.JdbcOffsetBackingStore",
        f"{prefix}.connection.url": f"jdbc:postgresql://{where}/{login['NAME']}?{JDBC_OPTIONS}",
        f"{prefix}.connection.user": login["USER"],
        f"{prefix}.connection.password": connection.connection.info.password,
        f"{prefix}.table.name": ChangeOffset._meta.db_table,
    }
