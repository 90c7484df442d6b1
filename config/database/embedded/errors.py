"""The error of the private PostgreSQL."""

from pathlib import Path

OWN_SERVER = "or set DATABASE_URL and REPLICA_DATABASE_URL to use a server of your own"


class EmbeddedPostgresError(RuntimeError):
    """The private PostgreSQL cannot be used. One line says what failed, the log and the remedy."""

    def __init__(self, what: str, *, remedy: str, log: Path | None = None) -> None:
        seen = f" (log: {log})" if log else ""
        super().__init__(" ".join(f"Private PostgreSQL: {what}{seen}. {remedy}.".split()))
