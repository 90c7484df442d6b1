"""HTTP and mail for reactions, within the deadline of the reaction (`deadlines.py`)."""

import http.client
import smtplib
import socket
import urllib.request
from typing import Any

from django.core.mail.backends import smtp

from cqrs.reactions.deadlines import watch


class _HTTPConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        super().connect()
        watch(self)


class _HTTPSConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        watch(self)


class _HTTPHandler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HTTPConnection, request)


class _HTTPSHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HTTPSConnection, request)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: they would turn a POST into a GET, and its answer into a success."""

    def redirect_request(self, *_: Any) -> None:
        return None


http_opener = urllib.request.build_opener(_HTTPHandler, _HTTPSHandler, _NoRedirect)
"""Opens requests as `urllib.request` does, and follows no redirect."""


class _SMTP(smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        watch(self)
        return super()._get_socket(host, port, timeout)  # type: ignore[misc,no-any-return]


class _SMTPOverTLS(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        watch(self)
        return super()._get_socket(host, port, timeout)  # type: ignore[misc,no-any-return]


class EmailBackend(smtp.EmailBackend):
    """Django's SMTP backend: name it in `EMAIL_BACKEND`."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SMTPOverTLS if self.use_ssl else _SMTP
