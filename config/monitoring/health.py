"""Report whether the process lives, and whether it can serve requests."""

from django.conf import settings
from django.db import Error, connections
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from cqrs import redis_server

UP, DOWN = "up", "down"


@csrf_exempt
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process can answer at all."""
    return JsonResponse({"status": "ok"})


@csrf_exempt
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Report the state of each dependency; 503 when reading is not possible.

    Reads work without the write database, and reads and writes work without Redis. So the loss of
    one of these is reported, but the process stays in service.
    """
    checks = {
        "write_database": _database("default"),
        "read_database": _database("replica"),
        "redis": _redis(),
    }
    is_ready = checks["read_database"] == UP
    healthy = all(state != DOWN for state in checks.values())
    status = "ok" if healthy else "degraded" if is_ready else "unavailable"
    return JsonResponse({"status": status, "checks": checks}, status=200 if is_ready else 503)


def _database(alias: str) -> str:
    try:
        with connections[alias].cursor() as cursor:
            # Fails as well before the migrations have run.
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    except Error:
        connections[alias].close()
        return DOWN
    return UP


def _redis() -> str:
    if not settings.REDIS_URL:
        return "in process"
    try:
        with redis_server.shared().use("health") as client:
            client.ping()
    except RedisError:
        return DOWN
    return UP
