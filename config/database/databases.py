"""Make Django's DATABASES of the URLs.

Queries read from `replica`; `replica_writer` is the same database for writers. The second alias
exists where the two differ: in their credentials, or because `replica` names several hosts of which
only one accepts writes. Otherwise `replica` is used for both.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

Settings = dict[str, Any]
VARIABLES = {
    "default": "DATABASE_URL",
    "replica": "REPLICA_DATABASE_URL",
    "replica_writer": "REPLICA_WRITER_DATABASE_URL",
    "migration": "MIGRATION_DATABASE_URL",
    "replica_migration": "REPLICA_MIGRATION_DATABASE_URL",
    "capture": "CDC_DATABASE_URL",
}
# A machine that vanishes closes no connection. The operating system gives it up after 3 s when it
# confirms nothing that was sent to it, and after about 5 s when this side only waits.
LOST_HOST = {
    "connect_timeout": 3,
    "tcp_user_timeout": 3000,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}


def by_alias(urls: Mapping[str, str], *, read_max_age_s: int) -> dict[str, Settings]:
    """Return Django's DATABASES. `replica_writer` has the URL of `replica` unless it has its own.

    `read_max_age_s` is the lifetime of a connection to `replica`; the next one can be to another
    host.
    """
    default = _for_writing(database("default", urls["default"]))
    replica = database("replica", urls["replica"])
    several = "," in replica["HOST"]
    writer_url = urls.get("replica_writer") or urls["replica"]
    if writer_url == urls["replica"] and not several:
        return {"default": default, "replica": _for_reading(replica, read_max_age_s)}
    writer = _for_writing(database("replica_writer", writer_url))
    replica = _read_only(_for_reading(replica, read_max_age_s))
    return {"default": default, "replica": replica, "replica_writer": writer}


def database(alias: str, url: str) -> Settings:
    """Return Django's settings for a `postgresql://` URL, which may name several hosts."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise ImproperlyConfigured(
            f"{VARIABLES[alias]}: expected postgresql://user:password@host:port/database"
            " (PostgreSQL only)"
        )
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    pairs = [
        host.rpartition(":") if _has_port(host) else (host, "", "") for host in hosts.split(",")
    ]
    return {
        "ENGINE": "config.database.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(user),
        "PASSWORD": unquote(password),
        "HOST": ",".join(unquote(host).strip("[]") for host, _, _ in pairs),
        "PORT": ",".join(port or "5432" for _, _, port in pairs),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**LOST_HOST, **dict(parse_qsl(parts.query))},
    }


def _for_reading(settings: Settings, max_age_s: int) -> Settings:
    """Prepare statements on the server at their first use, and spread over several hosts."""
    spread = {"load_balance_hosts": "random"} if "," in settings["HOST"] else {}
    options = {"prepare_threshold": 0, **spread, **settings["OPTIONS"]}
    return {**settings, "CONN_MAX_AGE": max_age_s, "OPTIONS": options}


def _for_writing(settings: Settings) -> Settings:
    """Prepare the statements of workers; choose the host that accepts writes of several."""
    wanted = {"target_session_attrs": "read-write"} if "," in settings["HOST"] else {}
    options = {"prepare_threshold": 5, **wanted, **settings["OPTIONS"]}
    return {**settings, "OPTIONS": options}


def _read_only(settings: Settings) -> Settings:
    """Refuse writes, also those of a role that may write. The URL's own `options` come later."""
    given = settings["OPTIONS"].get("options", "")
    options = f"-c default_transaction_read_only=on {given}".strip()
    return {**settings, "OPTIONS": {**settings["OPTIONS"], "options": options}}


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdecimal() and not host.endswith("]")
