"""The web process: the WSGI application and, when `serve` says so, the workers beside it."""

import os

from django.core.wsgi import get_wsgi_application

from config.serve import inprocess
from config.serve.parent_death import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if served_by := os.environ.get("SERVE_PID"):
    end_with_parent(int(served_by))  # else a killed `serve` would leave the port taken
    os.setsid()  # signals to the whole group are for `serve`, which stops this process in order

application = get_wsgi_application()

if os.environ.get("IN_PROCESS_WORKER") == "1":
    inprocess.start()
