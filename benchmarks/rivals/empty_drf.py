"""An empty Django and DRF process: the least that a web process of this kind can be."""

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
)

import django  # noqa: E402

django.setup()

from django.urls import path  # noqa: E402
from rest_framework.decorators import api_view  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402


@api_view()
def ready(request: Request) -> Response:
    return Response({})


urlpatterns = [path("ready", ready)]
application = WSGIHandler()
