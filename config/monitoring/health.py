"""Report whether the process lives, and whether it can serve requests."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from config.monitoring import probes
from config.monitoring.database_probes import DatabaseQuestion
from config.monitoring.probes import AHEAD, DOWN, IN_PROCESS, READ_ONLY, UP, Probe
from config.monitoring.safe_methods import safe_only
from cqrs.cdc.status import BROKEN
from cqrs.database.aliases import READ_ALIAS, WRITE_ALIAS
from cqrs.database.breaker import breaker_state

PROBES = {
    "write_database": Probe(DatabaseQuestion(WRITE_ALIAS, if_read_only=READ_ONLY)),
    "read_database": Probe(DatabaseQuestion(READ_ALIAS, if_read_only=UP)),
    "redis": Probe(probes.redis),
    "read_side": Probe(probes.read_side),
    "change_capture": Probe(probes.change_capture),
    "processes": Probe(probes.processes),
}


@csrf_exempt
@safe_only
def live(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process can answer at all."""
    return JsonResponse({"status": "ok"})


@csrf_exempt
@safe_only
def ready(request: HttpRequest) -> JsonResponse:
    """Report the state of each dependency within a second; 503 when reading is not possible.

    Reads work without the write database, and reads and writes work without Redis. So the loss of
    one of these is reported, but the process stays in service. An open circuit breaker means that
    this process makes no new connection to that database at the moment. A read side that is ahead
    of the log goes on serving: it is information. So are change data capture that fails,
    and how long ago workers, beat and the sweeps were last heard.
    """
    checks = probes.ask_all(PROBES)
    is_ahead, capture = checks.pop("read_side") == AHEAD, checks.pop("change_capture")
    processes = checks.pop("processes")
    is_ready = checks["read_database"] == UP
    is_capturing = not any(state in capture for state in BROKEN)
    is_up = all(state in (UP, IN_PROCESS) for state in checks.values())
    is_healthy = is_up and is_capturing and not is_ahead
    status = "ok" if is_healthy else "degraded" if is_ready else "unavailable"
    breakers = {alias: breaker_state(alias) for alias in (WRITE_ALIAS, READ_ALIAS)}
    answer: dict[str, Any] = {"status": status, "checks": checks, "breakers": breakers}
    if is_ahead:
        answer["read_side"] = AHEAD
    if capture not in ("", DOWN):
        answer["change_capture"] = capture
    if processes != DOWN:
        answer |= processes
    return JsonResponse(answer, status=200 if is_ready else 503)
