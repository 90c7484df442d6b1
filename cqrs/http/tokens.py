"""Access tokens carry who somebody is and what they may do, so that checking one reads nothing."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from pydantic import BaseModel
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer, TokenRefreshSerializer
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from cqrs.database.outages import WriteSideUnavailable, named
from cqrs.http.throttling import LoginThrottle
from cqrs.messaging import bus


class Login(BaseModel):
    username: str
    password: str


class Refresh(BaseModel):
    refresh: str


class Access(BaseModel):
    access: str


class Tokens(Access, Refresh):
    pass


class ClaimsSerializer(TokenObtainPairSerializer):
    """Write name, roles and the permissions that messages need into the token."""

    @classmethod
    def get_token(cls, user: Any) -> Any:
        token = super().get_token(user)
        token["username"] = user.get_username()
        token["is_superuser"] = user.is_superuser
        token["roles"] = sorted(user.groups.values_list("name", flat=True))
        needed = {message_type.permission for message_type in bus.handlers()}
        token["permissions"] = sorted(needed & user.get_all_permissions())
        return token


class FreshClaimsSerializer(TokenRefreshSerializer):
    """Write the claims anew: a role that was taken away is gone with the next access token."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        user_id = RefreshToken(attrs["refresh"]).get(api_settings.USER_ID_CLAIM)
        try:
            super().validate(attrs)  # the token is ours and in time, and its user may log in
            user = get_user_model().objects.get(pk=user_id)
        except (ObjectDoesNotExist, ValueError) as error:
            raise AuthenticationFailed("There is no such user any more") from error
        return {"access": str(ClaimsSerializer.get_token(user).access_token)}


class ObtainToken(TokenObtainPairView):
    """Exchange a name and a password for an access token (15 minutes) and a refresh token."""

    serializer_class = ClaimsSerializer
    throttle_classes = (LoginThrottle,)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with named(WriteSideUnavailable):
            return super().post(request, *args, **kwargs)


class RefreshAccess(TokenRefreshView):
    """Exchange a refresh token for a new access token."""

    serializer_class = FreshClaimsSerializer
    throttle_classes = (LoginThrottle,)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with named(WriteSideUnavailable):
            return super().post(request, *args, **kwargs)
