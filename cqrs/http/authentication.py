"""Authenticate a caller by an access token; check its signature once per process."""

import time
from functools import lru_cache
from typing import Any

from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError

from cqrs.http.signed_tokens import AccessToken

SCHEME = b"Bearer"
MAX_TOKENS = 1024  # cached at once: a few kB each


class TokenAuthentication(JWTStatelessUserAuthentication):
    """Caches valid tokens until they expire. The scheme is read in any case (RFC 9110, 11.1)."""

    def get_raw_token(self, header: bytes) -> bytes | None:
        if not header.startswith(SCHEME) and header[: len(SCHEME)].lower() == SCHEME.lower():
            header = SCHEME + header[len(SCHEME) :]
        token: bytes | None = super().get_raw_token(header)
        return token

    def get_validated_token(self, raw_token: bytes) -> Any:
        token = _validated(raw_token)
        if token["exp"] > time.time():
            return token
        return _verified(raw_token)  # raises with the reason


@lru_cache(maxsize=MAX_TOKENS)  # an invalid token raises, and so does not fill the cache
def _validated(raw_token: bytes) -> Any:
    return _verified(raw_token)


def _verified(raw_token: bytes) -> AccessToken:
    try:
        return AccessToken(raw_token)  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidToken from error
