"""The page of an error with DEBUG=1: where it was raised, and no variables, settings or request."""

from django.utils.html import escape
from django.views.debug import ExceptionReporter

from cqrs.messaging.error_text import error_traceback


class TracebackReporter(ExceptionReporter):
    """Shows what the log has. Django's own page shows payloads, and passwords in URLs."""

    def get_traceback_text(self) -> str:
        return error_traceback(self.exc_value) if self.exc_value else ""

    def get_traceback_html(self) -> str:
        return f"<!doctype html><title>Error</title><pre>{escape(self.get_traceback_text())}</pre>"
