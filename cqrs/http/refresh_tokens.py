"""Refresh tokens: they end with a change of the password.

A refresh token contains a keyed digest of its user's password hash. Nothing has to be stored, and
all tokens of the user end at once when the hash changes.
"""

from hmac import compare_digest
from typing import Any

from django.utils.crypto import salted_hmac
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import RefreshToken

from cqrs.conf import secret_keys
from cqrs.http.signed_tokens import AcceptsFallbacks

PASSWORD_CLAIM = "password"  # noqa: S105  a name
DIGEST_LENGTH = 16


class PasswordBoundToken(AcceptsFallbacks, RefreshToken):
    """Leaves the digest out of the access tokens that are made of it."""

    no_copy_claims = (*RefreshToken.no_copy_claims, PASSWORD_CLAIM)  # type: ignore[assignment]

    @classmethod
    def for_user(cls, user: Any) -> Any:
        token: Any = super().for_user(user)
        token[PASSWORD_CLAIM] = _digest(user, secret_keys()[0])
        return token

    def fits(self, user: Any) -> bool:
        """Return whether the user's password is still the one of the login."""
        claim = str(self.get(PASSWORD_CLAIM, ""))
        return any(compare_digest(claim, _digest(user, key)) for key in secret_keys())

    @property
    def user_id(self) -> Any:
        return self.get(api_settings.USER_ID_CLAIM)


def verified(text: Any) -> PasswordBoundToken | None:
    """Return the refresh token if its signature and its time hold. Reads no database."""
    if not isinstance(text, str):
        return None
    try:
        return PasswordBoundToken(text)  # type: ignore[arg-type]
    except (TokenError, UnicodeError):  # half a surrogate pair cannot be encoded
        return None


def _digest(user: Any, key: str) -> str:
    keyed = salted_hmac("cqrs.http.refresh_tokens", user.password, key, algorithm="sha256")
    return keyed.hexdigest()[:DIGEST_LENGTH]
