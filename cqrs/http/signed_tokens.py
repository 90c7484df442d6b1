"""Tokens whose signature may be of an earlier SECRET_KEY, while the key is being rotated.

The signature is of the current key. One of SECRET_KEY_FALLBACKS is accepted as well, as Django does
it for sessions.
"""

from contextlib import suppress
from typing import Any

from django.conf import settings
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken
from rest_framework_simplejwt.settings import api_settings

from cqrs.conf import cached_setting

_OPTIONS = ("VERIFYING_KEY", "AUDIENCE", "ISSUER", "JWK_URL", "LEEWAY", "JSON_ENCODER")


class FallbackBackend(TokenBackend):
    """Verifies with the fallbacks what the current key has not signed."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        try:
            return super().decode(token, verify)
        except TokenBackendExpiredToken:  # its signature fits
            raise
        except TokenBackendError:
            for each in _fallbacks():
                with suppress(TokenBackendError):
                    return each.decode(token, verify)
            raise


class AcceptsFallbacks:
    """Mixin of token classes, which come after it."""

    def get_token_backend(self) -> TokenBackend:
        return _backend()


class AccessToken(AcceptsFallbacks, tokens.AccessToken):
    pass


@cached_setting
def _backend() -> TokenBackend:
    return _made(FallbackBackend, api_settings.SIGNING_KEY)


@cached_setting
def _fallbacks() -> tuple[TokenBackend, ...]:
    if not api_settings.ALGORITHM.startswith("HS"):  # keys of its own, in pairs
        return ()
    return tuple(_made(TokenBackend, key) for key in settings.SECRET_KEY_FALLBACKS)


def _made(kind: type[TokenBackend], signing_key: str) -> TokenBackend:
    options = [getattr(api_settings, name) for name in _OPTIONS]
    return kind(api_settings.ALGORITHM, signing_key, *options)
