"""Bodies that are no JSON object of ours, one way or another."""

import pytest
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

pytestmark = pytest.mark.django_db


class TestExactJSONParser:
    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"[]",
            b"1",
            b"\xff",
            b'{"name": NaN}',
            b'{"name": 1e99999999999999999999999}',
            b'{"name": -1e99999999999999999999999}',
            b'{"name": ' + b"9" * 5_000 + b"}",
            b"[" * 100_000,
        ],
    )
    def test_refuses_it_as_invalid(self, client: Client, body: bytes):
        token = AccessToken()
        token.payload.update(user_id="1", username="clerk", is_superuser=True)
        answer = client.generic(
            "POST",
            "/api/customers",
            body,
            "application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid"
