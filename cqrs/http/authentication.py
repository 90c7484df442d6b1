"""Who asks, told by an access token whose signature is checked once per process."""

import time
from functools import lru_cache
from typing import Any

from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication

TOKENS = 1024  # remembered at once: a few kB each


class TokenAuthentication(JWTStatelessUserAuthentication):
    """Remembers the tokens that were good, each until it expires."""

    def get_validated_token(self, raw_token: bytes) -> Any:
        token = _validated(raw_token)
        if token["exp"] > time.time():
            return token
        return super().get_validated_token(raw_token)  # says what is wrong


@lru_cache(maxsize=TOKENS)  # keeps no answer of what raises, so nobody can fill it with bad ones
def _validated(raw_token: bytes) -> Any:
    return JWTStatelessUserAuthentication().get_validated_token(raw_token)
