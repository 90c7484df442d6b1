"""Answer probes and scrapes before the middleware that asks for HTTPS and a host name.

A probe calls the address of a container, without TLS and by an IP address.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from config.monitoring import health
from config.monitoring.metrics import metrics
from config.monitoring.safe_methods import View
from config.monitoring.startup import startup

VIEWS: dict[str, View] = {
    "health/live": health.live,
    "health/ready": health.ready,
    "health/startup": startup,
    "metrics": metrics,
}


def monitoring(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer the addresses of `VIEWS`, and pass all other requests on."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        view = VIEWS.get(request.path_info[1:])
        return view(request) if view else get_response(request)

    return middleware
