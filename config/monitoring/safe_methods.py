"""Let probes and scrapes only read, and refuse other methods as the API does."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse

from cqrs.http import problems

View = Callable[[HttpRequest], HttpResponse]
SAFE = ("GET", "HEAD")


def safe_only(view: View) -> View:
    """Return the view for GET and HEAD; other methods are 405 with `Allow`."""

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        if request.method in SAFE:
            return view(request)
        detail = f'Method "{request.method}" not allowed.'
        return problems.problem(
            request, 405, "method_not_allowed", detail, {"Allow": ", ".join(SAFE)}
        )

    return answered
