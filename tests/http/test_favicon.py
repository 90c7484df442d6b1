"""Browsers ask for an icon by themselves."""

from django.test import Client


class TestFavicon:
    def test_is_none_and_no_error(self, client: Client):
        answer = client.get("/favicon.ico")
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer["Cache-Control"] == "max-age=86400"
