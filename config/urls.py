"""All addresses."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView

from config.monitoring.middleware import VIEWS


def favicon(_request: HttpRequest) -> HttpResponse:
    """Answer browsers, which ask for an icon by themselves, that there is none."""
    return HttpResponse(status=204, headers={"Cache-Control": "max-age=86400"})


urlpatterns = [
    path("api/", include("config.api")),
    path("favicon.ico", favicon),
    path("", RedirectView.as_view(url="/api/docs")),
    *(path(address, view) for address, view in VIEWS.items()),
    path("admin/", admin.site.urls),
]

handler400 = "cqrs.http.problems.bad_request"
handler403 = "cqrs.http.problems.permission_denied"
handler404 = "cqrs.http.problems.page_not_found"
handler500 = "cqrs.http.problems.server_error"
