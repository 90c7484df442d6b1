"""Authenticate a caller by an access token; check its signature once per process."""

import time
from functools import lru_cache
from typing import Any

from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication

MAX_TOKENS = 1024  # cached at once: a few kB each


class TokenAuthentication(JWTStatelessUserAuthentication):
    """Caches valid tokens until they expire."""

    def get_validated_token(self, raw_token: bytes) -> Any:
        token = _validated(raw_token)
        if token["exp"] > time.time():
            return token
        return super().get_validated_token(raw_token)  # raises with the reason


@lru_cache(maxsize=MAX_TOKENS)  # an invalid token raises, and so does not fill the cache
def _validated(raw_token: bytes) -> Any:
    return JWTStatelessUserAuthentication().get_validated_token(raw_token)
