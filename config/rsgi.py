"""The web process of `serve`: the application behind the front, and the workers in it."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from config.monitoring.traces import switch
from config.serve import inprocess
from config.serve.front.front import Front
from config.serve.parent_death import end_with_parent
from config.wsgi import application as wsgi

if served_by := os.environ.get("SERVE_PID"):
    end_with_parent(int(served_by))  # else it would go on after a killed `serve`
    os.setsid()  # signals to the whole group go to `serve` alone, which stops this process

switch.start_now()  # in a process of its own, and before a thread opens a connection
application = Front(
    wsgi,
    threads=settings.WEB_THREADS,
    shares=settings.WEB_SHARES,
    max_body_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    body_limit_s=settings.WEB_BODY_LIMIT_S,
    queue_limit_s=settings.WEB_QUEUE_LIMIT_S,
    send_limit_s=settings.WEB_SEND_LIMIT_S,
    refusal_delay_s=settings.WEB_REFUSAL_DELAY_MS / 1000,
)

if os.environ.get("IN_PROCESS_WORKER") == "1":
    inprocess.start()
