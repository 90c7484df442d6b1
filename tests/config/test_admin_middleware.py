"""Sessions, their users and messages are the admin's alone."""

import pytest
from django.test import Client
from django.urls import reverse

from config.admin_middleware import ADMIN

MADE = ("session", "user", "_messages")  # by the three, in their order


class TestAdminMiddleware:
    def test_runs_where_the_admin_is(self):
        assert reverse("admin:index") == ADMIN

    def test_makes_session_user_and_messages_for_the_admin(self, client: Client):
        request = client.get("/admin/login/").wsgi_request
        assert [hasattr(request, name) for name in MADE] == [True, True, True]

    @pytest.mark.parametrize("path", ["/health/live", "/api/orders", "/api/docs", "/administer/"])
    def test_makes_nothing_for_others(self, client: Client, path: str):
        response = client.get(path, HTTP_COOKIE="sessionid=x; messages=y")
        request = response.wsgi_request
        assert not hasattr(request, "session")
        assert not hasattr(request, "_messages")
        assert not {"sessionid", "messages"} & response.cookies.keys()

    @pytest.mark.parametrize("path", ["/health/live", "/administer/"])
    def test_makes_no_user_for_others(self, client: Client, path: str):
        """One that the REST framework has made of a token is another."""
        assert not hasattr(client.get(path).wsgi_request, "user")

    def test_leaves_the_headers_of_safety_to_all(self, client: Client):
        for path in ("/api/orders", "/admin/login/"):
            headers = client.get(path).headers
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "same-origin"

    def test_still_asks_the_admin_for_its_token(self):
        assert Client(enforce_csrf_checks=True).post("/admin/login/").status_code == 403
