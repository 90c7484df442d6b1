"""Create the role of queries on a server that is not the private one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from psycopg.errors import InsufficientPrivilege

from config.database import reader_role
from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS, WRITE_ALIAS

CAN_CONNECT = "SELECT has_database_privilege(%s, current_database(), 'CONNECT')"


class Command(BaseCommand):
    """Create or update the role that REPLICA_DATABASE_URL names, with its password.

    Connects as the role of REPLICA_WRITER_DATABASE_URL, which must own the read tables. It can be
    repeated. It prints no password.
    """

    help = "Create the role of REPLICA_DATABASE_URL, which may only read the read database"

    def handle(self, *args: Any, **options: Any) -> None:
        reader = connections[READ_ALIAS].settings_dict
        role, password = reader["USER"], reader["PASSWORD"]
        writer = connections[PROJECTION_ALIAS]
        if not role or not password or role == writer.settings_dict["USER"]:
            raise CommandError(
                "Set REPLICA_DATABASE_URL to the reader's name and password,"
                " and REPLICA_WRITER_DATABASE_URL to those of the tables' owner"
            )
        writer.ensure_connection()
        try:
            reader_role.create(writer.connection, role, password)
        except InsufficientPrivilege as error:
            raise CommandError(f"{error} (docs/deployment.md has the SQL for an admin)") from error
        self.stdout.write(f"{role} can read {writer.settings_dict['NAME']}")
        self._warn_of_the_write_database(role)

    def _warn_of_the_write_database(self, role: str) -> None:
        with connections[WRITE_ALIAS].cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if cursor.fetchone() is None:
                return  # another server
            cursor.execute(CAN_CONNECT, [role])
            if cursor.fetchone() == (True,):
                name = connections[WRITE_ALIAS].settings_dict["NAME"]
                self.stderr.write(
                    f"{role} can connect to {name}, because every role can. To change that:"
                    f" REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"
                )
