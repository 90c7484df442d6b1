"""Serve the metrics to Prometheus, and decide who may see them."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from config.monitoring.safe_methods import safe_only
from cqrs.http import problems
from cqrs.http.request_metrics import start_at_zero
from cqrs.operations.exporter import CHALLENGE, REMEDY, is_right
from cqrs.operations.metrics import registry

# Each proxy adds some of these, so a request without any is direct.
PROXY_HEADERS = ("Forwarded", "Via", "X-Real-Ip", "X-Forwarded-")


@safe_only
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format, to `METRICS_TOKEN`; without one to this machine alone."""
    if refused := _refused(request):
        return refused
    start_at_zero()
    return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)


def _refused(request: HttpRequest) -> HttpResponse | None:
    if not settings.METRICS_TOKEN:
        return None if _is_direct(request) else _forbidden(request)
    if is_right(request.headers.get("Authorization", ""), settings.METRICS_TOKEN):
        return None
    headers = {"WWW-Authenticate": CHALLENGE}
    return problems.problem(request, 401, "not_authenticated", REMEDY, headers)


def _forbidden(request: HttpRequest) -> HttpResponse:
    detail = "Only direct connections from this machine may ask: METRICS_TOKEN is not set"
    return problems.problem(request, 403, "permission_denied", detail)


def _is_direct(request: HttpRequest) -> bool:
    is_proxied = any(name.startswith(PROXY_HEADERS) for name in request.headers)
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and not is_proxied


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.removeprefix("::ffff:")).is_loopback
    except ValueError:  # a Unix socket has no address
        return False
