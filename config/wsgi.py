"""The WSGI application, for other servers; `serve` puts it behind its front in config/rsgi.py."""

import os
from typing import Any

from django.core.wsgi import get_wsgi_application

from cqrs.database.profiles import Profile, set_profile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    set_profile(Profile.WEB)  # of the thread, whose connections to databases it limits
    return _django(environ, start_response)
