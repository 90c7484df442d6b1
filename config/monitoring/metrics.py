"""Serve the kernel's metrics to Prometheus, and decide who may see them."""

import hmac

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cqrs.http import problems
from cqrs.operations.metrics import registry

LOOPBACK = ("127.", "::1")


@csrf_exempt
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format, to this machine or to a client with `METRICS_TOKEN`."""
    if not _may_see(request):
        return problems.problem(request, 403, "permission_denied", "Send METRICS_TOKEN as a Bearer")
    return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)


def _may_see(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
            return True
    # Behind a proxy on this machine, every request comes from a loopback address.
    is_proxied = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return request.META.get("REMOTE_ADDR", "").startswith(LOOPBACK) and not is_proxied
