"""Report whether this process may begin to serve: its tables exist, and its wiring is sound.

An orchestrator asks it before it sends requests to a new process or stops an old one. Later the
answer stays: a database that is lost afterwards is what `/health/ready` is for.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import structlog
from django.core import checks
from django.db import Error, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from config.monitoring.probes import DOWN, Probe, ask_all
from config.monitoring.safe_methods import safe_only
from cqrs.database.aliases import READ_ALIAS, WRITE_ALIAS

log = structlog.get_logger("cqrs.health")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What the start waits for: `text` for those who ask, `of` and `reason` for the log."""

    text: str = field(compare=False)
    of: str
    reason: str


class Startup:
    """Looks until nothing is missing, and never again. Logs what an earlier look has not found."""

    def __init__(self) -> None:
        self.is_complete = False
        self._logged: Collection[Obstacle] = ()

    def missing(self) -> str:
        """Return in one line what is missing; empty when nothing is."""
        if self.is_complete:
            return ""
        try:
            found = [*_not_migrated()] or [*_errors()]
        finally:
            connections.close_all()  # of this thread, which is not needed for long
        self._log(found)
        self.is_complete = not found
        return "; ".join(each.text for each in found)

    def _log(self, found: Collection[Obstacle]) -> None:
        for each in found:
            if each not in self._logged:
                log.warning("startup_waits", of=each.of, reason=each.reason)
        if self._logged and not found:
            log.warning("startup_complete")
        self._logged = found


STARTUP = Startup()
PROBE = Probe(STARTUP.missing)


@csrf_exempt
@safe_only
def startup(request: HttpRequest) -> JsonResponse:
    """Answer 503 with the reason until all migrations are applied and `check` finds no error."""
    missing = "" if STARTUP.is_complete else ask_all({"startup": PROBE})["startup"]
    if not missing:
        return JsonResponse({"status": "ok"})
    reason = "the look at the databases takes its time" if missing == DOWN else missing
    return JsonResponse({"status": "starting", "reason": reason}, status=503)


def _not_migrated() -> Iterator[Obstacle]:
    """Say of each database what it lacks. Tables of a newer build are no reason to wait."""
    for alias in (WRITE_ALIAS, READ_ALIAS):
        try:
            executor = MigrationExecutor(connections[alias])
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except Error as error:
            # The driver's text has names of hosts and users.
            yield Obstacle(f"{alias}: does not answer", alias, type(error).__name__)
        else:
            if plan:
                text = f"{alias}: {len(plan)} migrations to apply, the first is {plan[0][0]}"
                yield Obstacle(text, alias, "migrations to apply")


def _errors() -> Iterator[Obstacle]:
    for message in checks.run_checks():
        if message.is_serious() and not message.is_silenced():
            yield Obstacle(f"check {message.id}", str(message.id), message.msg)
