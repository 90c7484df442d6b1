"""Report whether the process lives, and whether it can serve requests."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from config.monitoring import probes
from config.monitoring.probes import IN_PROCESS, UP, Probe
from cqrs.database.aliases import READ_ALIAS, WRITE_ALIAS
from cqrs.database.breaker import breaker_state

PROBES = {
    "write_database": Probe(probes.write_database),
    "read_database": Probe(probes.read_database),
    "redis": Probe(probes.redis),
}


@csrf_exempt
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process can answer at all."""
    return JsonResponse({"status": "ok"})


@csrf_exempt
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Report the state of each dependency within a second; 503 when reading is not possible.

    Reads work without the write database, and reads and writes work without Redis. So the loss of
    one of these is reported, but the process stays in service. An open circuit breaker means that
    this process makes no new connection to that database at the moment.
    """
    checks = probes.ask_all(PROBES)
    is_ready = checks["read_database"] == UP
    is_healthy = all(state in (UP, IN_PROCESS) for state in checks.values())
    status = "ok" if is_healthy else "degraded" if is_ready else "unavailable"
    breakers = {alias: breaker_state(alias) for alias in (WRITE_ALIAS, READ_ALIAS)}
    answer = {"status": status, "checks": checks, "breakers": breakers}
    return JsonResponse(answer, status=200 if is_ready else 503)
