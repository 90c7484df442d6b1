"""Access tokens carry who somebody is and what they may do, so that checking one reads nothing."""

from typing import Any

from rest_framework_simplejwt.serializers import TokenObtainPairSerializer
from rest_framework_simplejwt.tokens import Token
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from cqrs import bus
from cqrs.http.throttling import LoginThrottle
from cqrs.outages import WriteSideUnavailable, named


class ClaimsSerializer(TokenObtainPairSerializer):
    """Write name, roles and the permissions that messages need into the token."""

    @classmethod
    def get_token(cls, user: Any) -> Token:
        token = super().get_token(user)
        token["username"] = user.get_username()
        token["is_superuser"] = user.is_superuser
        token["roles"] = sorted(user.groups.values_list("name", flat=True))
        needed = {message_type.permission for message_type in bus.handlers()}
        token["permissions"] = sorted(needed & user.get_all_permissions())
        return token


class ObtainToken(TokenObtainPairView):
    """Exchange a name and a password for an access token (15 minutes) and a refresh token."""

    serializer_class = ClaimsSerializer
    throttle_classes = (LoginThrottle,)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with named(WriteSideUnavailable):
            return super().post(request, *args, **kwargs)


class RefreshToken(TokenRefreshView):
    """Exchange a refresh token for a new access token."""

    throttle_classes = (LoginThrottle,)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with named(WriteSideUnavailable):
            return super().post(request, *args, **kwargs)
