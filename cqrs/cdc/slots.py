"""The replication slot that Debezium reads, on the server of `default`.

It makes the server keep WAL for as long as Debezium has not read it, so `drop` belongs to `run`:
without a reader it holds up to `max_slot_wal_keep_size`. Slots are the server's, so two systems on
one server need two names.
"""

from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connections
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cqrs.conf import conf
from cqrs.database.aliases import WRITE_ALIAS

FIRST_WITH_FAILOVER = 170_000
LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS = 5_000, 30_000
# A machine that vanishes closes no connection. An address may have its own values.
LOST_HOST = {"connect_timeout": 5, "tcp_user_timeout": 3_000, "keepalives_idle": 2,
             "keepalives_interval": 1, "keepalives_count": 3}  # fmt: skip
LOST = "lost"
_SLOT = """
SELECT active, wal_status, pg_wal_lsn_diff(confirmed_flush_lsn, '0/0')::bigint,
       pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::bigint,
       pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint
FROM pg_replication_slots WHERE slot_name = %s AND NOT pg_is_in_recovery()
"""
_CREATE_SLOT = "SELECT pg_create_logical_replication_slot(%s, 'pgoutput')"
_CREATE_FAILOVER_SLOT = (
    "SELECT pg_create_logical_replication_slot(%s, 'pgoutput', failover => true)"
)
_DROP_SLOT = """
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s
"""
_WAL_END = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"


@dataclass(frozen=True, slots=True)
class Slot:
    """The slot as the server shows it; sizes in bytes.

    `confirmed` is the position in the WAL up to which Debezium has everything, `lag` the distance
    from there to the end, `retained` what the server keeps for the slot. `status` is PostgreSQL's
    `wal_status`: `lost` when what Debezium needs is gone.
    """

    active: bool
    status: str | None
    confirmed: int | None
    lag: int
    retained: int


def find_slot() -> Slot | None:
    """Return the slot, or None. Any role may ask."""
    with connections[WRITE_ALIAS].cursor() as cursor:
        cursor.execute(_SLOT, [conf().CDC_NAME])
        row = cursor.fetchone()
    if row is None:
        return None
    active, status, confirmed, lag, retained = row
    return Slot(active, status, confirmed, lag or 0, retained or 0)


def wal_end() -> int:
    """Return the position at the end of the WAL."""
    with connections[WRITE_ALIAS].cursor() as cursor:
        cursor.execute(_WAL_END)
        (position,) = cursor.fetchone()
        return int(position)


def create_slot() -> None:
    """Create the slot at the end of the WAL; as a failover slot where PostgreSQL has them.

    It waits for the transactions that are open.
    """
    with capture_connection() as connection:
        has_failover = connection.info.server_version >= FIRST_WITH_FAILOVER
        connection.execute(
            _CREATE_FAILOVER_SLOT if has_failover else _CREATE_SLOT, [conf().CDC_NAME]
        )


def drop_slot() -> bool:
    """Drop the slot; return whether there was one. Raises `psycopg.Error` while it is read."""
    with capture_connection() as connection:
        return connection.execute(_DROP_SLOT, [conf().CDC_NAME]).rowcount > 0


def capture_connection() -> Connection:
    """Connect as the role that may replicate, to the server that writes."""
    return connect(conf().CDC_DATABASE_URL)


def connect(url: str) -> Connection:
    """Connect to the write database's primary; with an empty URL as the alias does."""
    limits = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS}"
    wanted: dict[str, Any] = {**LOST_HOST, **conninfo_to_dict(url or _own_login())}
    wanted |= {"target_session_attrs": "read-write", "options": limits}
    return psycopg.connect(**wanted, autocommit=True)


def _own_login() -> str:
    login = connections[WRITE_ALIAS].settings_dict
    parts = {name.lower(): str(login[name]) for name in ("USER", "PASSWORD", "HOST", "PORT")}
    passfile = login["OPTIONS"].get("passfile")
    return make_conninfo(dbname=login["NAME"], passfile=passfile, **parts)
