"""Which roles use the two databases, and what each may do there.

The worker's role on the write database is the web's: both insert events, and the process of
`make run` is both.
"""

from dataclasses import dataclass

ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE")
APPEND = ("SELECT", "INSERT")
READ = ("SELECT",)
ALL = (*ROWS, "TRUNCATE", "REFERENCES", "TRIGGER")

# Tables in which the writer may not change every row. All other tables get ROWS.
APPEND_ONLY_TABLES = ("cqrs_event", "cqrs_feed")
READ_ONLY_TABLES = ("django_migrations",)

# `migrate` writes this comment on each table that a projection fills.
READ_MODEL_COMMENT = "projection %"
COPY_SCHEMAS = r"read\_%"


@dataclass(frozen=True)
class WriteDatabase:
    """The write database: its owner changes tables, its writer rows.

    `capture` streams the changes of rows out of the WAL: it may replicate, and may read no table.
    """

    name: str
    owner: str
    writer: str
    capture: str = ""
    """Without it, no change data capture with a role of its own."""

    @property
    def roles(self) -> tuple[str, ...]:
        return (self.owner, self.writer, *filter(None, [self.capture]))

    @property
    def replicating(self) -> tuple[str, ...]:
        return tuple(filter(None, [self.capture]))

    def owner_of(self, *, is_read_model: bool) -> str:
        return self.owner

    def table_rights(self, role: str, table: str, *, is_read_model: bool) -> tuple[str, ...]:
        if role == self.capture:
            return ()
        return _writer_rights(table) if role == self.writer else ALL

    def schema_rights(self, role: str) -> tuple[str, ...]:
        return ("USAGE", "CREATE") if role == self.owner else ("USAGE",)

    def database_rights(self, role: str) -> tuple[str, ...]:
        """Return what the role may do; none for the owner, who needs no grant."""
        return () if role == self.owner else ("CONNECT",)


@dataclass(frozen=True)
class ReadDatabase:
    """The read database. The projector owns the read models: a rebuild replaces the tables."""

    name: str
    owner: str
    projector: str
    reader: str = ""
    """Without it, the projector reads as well."""

    @property
    def roles(self) -> tuple[str, ...]:
        return (self.owner, self.projector, *filter(None, [self.reader]))

    @property
    def replicating(self) -> tuple[str, ...]:
        return ()

    def owner_of(self, *, is_read_model: bool) -> str:
        return self.projector if is_read_model else self.owner

    def table_rights(self, role: str, table: str, *, is_read_model: bool) -> tuple[str, ...]:
        if role == self.reader:
            return READ
        if role == self.projector and not is_read_model:
            return _writer_rights(table)
        return ALL  # the owner has also the projector's rights

    def schema_rights(self, role: str) -> tuple[str, ...]:
        return ("USAGE",) if role == self.reader else ("USAGE", "CREATE")

    def database_rights(self, role: str) -> tuple[str, ...]:
        """Return what the role may do; a rebuild creates schemas, a right on the database."""
        return {self.projector: ("CONNECT", "CREATE"), self.reader: ("CONNECT",)}.get(role, ())


Database = WriteDatabase | ReadDatabase
Databases = tuple[WriteDatabase, ReadDatabase]


def roles_of(databases: Databases) -> list[str]:
    """Return every role once."""
    return list(dict.fromkeys(role for each in databases for role in each.roles))


def shared_roles(databases: Databases) -> set[str]:
    """Return the roles that have two uses. Both databases may have one owner."""
    write, read = databases
    uses = [*{write.owner, read.owner}, *write.roles[1:], *read.roles[1:]]
    return {role for role in uses if uses.count(role) > 1}


def _writer_rights(table: str) -> tuple[str, ...]:
    if table in READ_ONLY_TABLES:
        return READ
    return APPEND if table in APPEND_ONLY_TABLES else ROWS
