"""The role of queries, which can read the read database and nothing else."""

from psycopg import Connection, sql

STATEMENTS = """
ALTER ROLE {role} SET default_transaction_read_only = on;
GRANT CONNECT ON DATABASE {database} TO {role};
GRANT TEMPORARY ON DATABASE {database} TO CURRENT_USER;
REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role};
"""


def create(connection: Connection, role: str, password: str) -> None:
    """Create or update the role. The connection must be of the owner of the read tables.

    The role can also read tables that the owner creates later, in any schema. The password is sent
    as a hash alone, so that no server log can contain it.
    """
    name = sql.Identifier(role)
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = sql.SQL("CREATE" if found is None else "ALTER")
    login = sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, name, sql.Literal(hashed.decode()))
    database = sql.Identifier(connection.info.dbname)
    connection.execute(login)
    connection.execute(sql.SQL(STATEMENTS).format(role=name, database=database))


def revoke_public_connect(connection: Connection) -> None:
    """Let only the owner of this database, and roles with a grant, connect to it."""
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(database))
