"""The password file of a desk's roles, and the shell of the operator who changes it."""

from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from tests.support.servers import PrivatePostgres


class PasswordFile:
    """The passwords of all roles, out of the URLs of a server."""

    def __init__(self, path: Path, server: PrivatePostgres) -> None:
        self.path, self.variables = path, {}
        lines = []
        for name, url in server.variables.items():
            found = conninfo_to_dict(url)
            fields = ("host", "port", "dbname", "user", "password")
            lines.append(":".join(str(found[field]) for field in fields) + "\n")
            _, _, where = url.partition("@")
            self.variables[name] = f"postgresql://{found['user']}@{where}?passfile={path}"
        path.touch(0o600)
        path.write_text("".join(lines))

    def passwords(self) -> dict[str, str]:
        lines = [line.split(":") for line in self.path.read_text().splitlines()]
        return {role: password for _, _, _, role, password in lines}


def settings(role: str, file: PasswordFile, server: PrivatePostgres) -> dict[str, str]:
    """Return what an operator has in the shell who is the server's administrator."""
    login = conninfo_to_dict(server.url)
    return {
        "ROLE": role,
        "PASSFILE": str(file.path),
        "PGHOST": str(login["host"]),
        "PGPORT": str(login["port"]),
        "PGDATABASE": str(login["dbname"]),
        "PGUSER": str(login["user"]),
        "PGPASSWORD": str(login["password"]),
    }
