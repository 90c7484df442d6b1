"""Talking to the HTTP API as a user."""

from typing import Any

from rest_framework_simplejwt.tokens import AccessToken


def bearer(name: str, **claims: Any) -> dict[str, str]:
    """Return the headers of a user who may do everything, unless the claims say otherwise."""
    token = AccessToken()
    token.payload.update(user_id=name, username=name, is_superuser=True)
    token.payload.update(claims)
    return {"Authorization": f"Bearer {token}"}
