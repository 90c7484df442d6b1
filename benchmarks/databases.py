"""The pair of databases that a benchmark measures on, and copies of it that may be written to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from benchmarks.servers import BenchPostgres


@dataclass(frozen=True)
class Databases:
    """A write side and a read side by name, with what tells a process of them."""

    postgres: BenchPostgres
    name: str
    more: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, str]:
        return f"{self.name}_write", f"{self.name}_read"

    @property
    def write_url(self) -> str:
        return self.postgres.url_of(self.names[0])

    @property
    def read_url(self) -> str:
        return self.postgres.url_of(self.names[1])

    @property
    def environment(self) -> dict[str, str]:
        own = {"DATABASE_URL": self.write_url, "REPLICA_DATABASE_URL": self.read_url}
        local = self.postgres.folder.parent / "bench_local"
        return {**os.environ, "LOCAL_DIR": str(local), **own, **self.more}

    def exist(self) -> bool:
        with admin(self.postgres) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_database WHERE datname = ANY(%s)", [list(self.names)]
            ).fetchone()
        return found == (2,)

    def create(self, template: "Databases | None" = None) -> None:
        """Make both anew, empty or as copies."""
        self.drop()
        sources = template.names if template else ("template0", "template0")
        with admin(self.postgres) as connection:
            for name, source in zip(self.names, sources, strict=True):
                connection.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                        sql.Identifier(name), sql.Identifier(source)
                    )
                )

    def drop(self) -> None:
        with admin(self.postgres) as connection:
            for name in self.names:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )

    def rename(self, name: str) -> "Databases":
        renamed = Databases(self.postgres, name, self.more)
        renamed.drop()
        with admin(self.postgres) as connection:
            for old, new in zip(self.names, renamed.names, strict=True):
                connection.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                        sql.Identifier(old), sql.Identifier(new)
                    )
                )
        return renamed


def admin(postgres: BenchPostgres) -> psycopg.Connection:
    return psycopg.connect(postgres.url_of("postgres"), autocommit=True)


@contextmanager
def copy_of(databases: Databases, name: str = "scratch") -> Iterator[Databases]:
    """Lend a copy that may be changed, and drop it."""
    copy = Databases(databases.postgres, name, databases.more)
    copy.create(template=databases)
    try:
        yield copy
    finally:
        copy.drop()


def drop_all(postgres: BenchPostgres, prefix: str) -> None:
    """Drop every database whose name begins so."""
    with admin(postgres) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]
        ).fetchall()
        for (name,) in names:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )
