"""The web process: the WSGI application and, under `serve`, the workers in it."""

import os

from django.core.wsgi import get_wsgi_application

from config.serve import inprocess
from config.serve.parent_death import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if served_by := os.environ.get("SERVE_PID"):
    end_with_parent(int(served_by))  # else it would go on after a killed `serve`
    os.setsid()  # signals to the whole group go to `serve` alone, which stops this process

application = get_wsgi_application()

if os.environ.get("IN_PROCESS_WORKER") == "1":
    inprocess.start()
