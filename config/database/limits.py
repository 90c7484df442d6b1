"""How long a connection lets its server work and wait, by the profile of its thread.

The server enforces these limits, which come with the startup parameter `options`. A server that
hangs enforces nothing, so the connection itself waits a second longer and then gives up
(`config/database/postgresql/connection.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cqrs.database.profiles import Profile, set_profile

__all__ = ["Limits", "LimitsByProfile", "by_profile", "set_profile"]

GRACE_S = 1.0  # the server's own time-out should come first: it says what was wrong
PROBE_MS = 1_000


@dataclass(frozen=True, slots=True)
class Limits:
    """In milliseconds; 0 is no limit."""

    lock_ms: int
    statement_ms: int
    idle_in_transaction_ms: int

    @property
    def startup_options(self) -> str:
        """Return libpq's `options`. They have precedence over the settings of roles.

        READ COMMITTED is what sequencing and claiming need, whatever a role's default is.
        """
        return (
            f"-c lock_timeout={self.lock_ms} -c statement_timeout={self.statement_ms}"
            f" -c idle_in_transaction_session_timeout={self.idle_in_transaction_ms}"
            r" -c default_transaction_isolation=read\ committed"
        )

    @property
    def patience_s(self) -> float | None:
        """Return how long to wait for a server that says nothing; None: without end."""
        return self.statement_ms / 1000 + GRACE_S if self.statement_ms else None


@dataclass(frozen=True, slots=True)
class LimitsByProfile:
    """The limits of every profile. In the web the first wait for a lock of a command is short."""

    profiles: Mapping[Profile, Limits]
    first_lock_ms: int

    def of(self, profile: Profile, *, write_side: bool) -> Limits:
        limits = self.profiles[profile]
        if profile is Profile.WEB and write_side:
            return replace(limits, lock_ms=min(self.first_lock_ms, limits.lock_ms))
        return limits


def by_profile(
    *, lock_ms: int, first_lock_ms: int, web_ms: int, worker_ms: int, idle_ms: int
) -> LimitsByProfile:
    """Return the limits of a project's settings."""
    profiles = {
        Profile.WEB: Limits(lock_ms, web_ms, idle_ms),
        Profile.WORKER: Limits(lock_ms, worker_ms, idle_ms),
        Profile.COMMAND: Limits(lock_ms, worker_ms, idle_ms),
        Profile.MAINTENANCE: Limits(lock_ms, 0, 0),
        Profile.PROBE: Limits(PROBE_MS, PROBE_MS, PROBE_MS),
    }
    return LimitsByProfile(profiles, first_lock_ms)
