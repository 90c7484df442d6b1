"""Its settings and WSGI application."""

import os

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from benchmarks.rivals.databases import plain_database

settings.configure(
    ROOT_URLCONF="benchmarks.rivals.normalized.views",
    ALLOWED_HOSTS=["*"],
    USE_TZ=True,
    TIME_ZONE="UTC",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    INSTALLED_APPS=["rest_framework", "django_filters"],
    DATABASES={"default": plain_database(os.environ["DATABASE_URL"])},
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()
application = WSGIHandler()
