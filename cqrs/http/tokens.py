"""Issue access tokens that contain the user's name and permissions: a check reads no database."""

from typing import Annotated, Any

from django.contrib.auth import authenticate, get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpResponse
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.settings import api_settings

from cqrs.behaviors.validation import invalid
from cqrs.database.outages import WriteSideUnavailable, named
from cqrs.http import problems
from cqrs.http.hashing import hashing_turn
from cqrs.http.refresh_tokens import PasswordBoundToken, verified
from cqrs.http.throttling import LoginThrottle, RefreshThrottle
from cqrs.messaging import bus
from cqrs.messaging.fields import Text

MAX_LENGTH = 4096  # of a password and of a token
Secret = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)]


class Credentials(BaseModel):
    """Base of what a caller sends to get a token: it cannot contain anything else."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Login(Credentials):
    username: Text
    password: Secret


class Refresh(Credentials):
    refresh: Secret


class Access(BaseModel):
    access: str


class Tokens(Access):
    refresh: str


class CredentialsView(APIView):
    """Exchanges credentials for tokens. It needs no token itself."""

    authentication_classes = ()
    permission_classes = ()
    credentials: type[Credentials]

    def post(self, request: Request) -> Response | HttpResponse:
        try:
            given = self.credentials.model_validate(request.data)
        except ValidationError as error:
            return problems.rejected(request, invalid(error))
        with named(WriteSideUnavailable):
            return Response(self.tokens(request, given))

    def tokens(self, request: Request, given: Any) -> dict[str, str]:
        """Return the tokens. Raises `AuthenticationFailed`."""
        raise NotImplementedError

    def get_authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class ObtainToken(CredentialsView):
    """Exchange a name and a password for an access token (15 minutes) and a refresh token."""

    throttle_classes = (LoginThrottle,)
    credentials = Login

    def tokens(self, request: Request, given: Login) -> dict[str, str]:
        with hashing_turn():
            user = authenticate(request, username=given.username, password=given.password)
        if not api_settings.USER_AUTHENTICATION_RULE(user):
            raise AuthenticationFailed("No active account has this name and this password")
        token = _token_of(user)
        return {"access": str(token.access_token), "refresh": str(token)}


class RefreshAccess(CredentialsView):
    """Exchange a refresh token for a new access token."""

    throttle_classes = (RefreshThrottle,)
    credentials = Refresh

    def tokens(self, request: Request, given: Refresh) -> dict[str, str]:
        token = verified(given.refresh)
        if token is None:
            raise AuthenticationFailed("This is no refresh token, or it has expired")
        try:
            user = get_user_model().objects.get(pk=token.user_id)
        except (ObjectDoesNotExist, ValueError) as error:
            raise AuthenticationFailed("There is no such user any more") from error
        if not (api_settings.USER_AUTHENTICATION_RULE(user) and token.fits(user)):
            raise AuthenticationFailed("The account or its password has changed: log in again")
        # New claims: the next access token lacks a role that was taken away.
        return {"access": str(_token_of(user).access_token)}


def _token_of(user: Any) -> Any:
    """Return a token with the name, the roles and the permissions that messages need."""
    token = PasswordBoundToken.for_user(user)
    token["username"] = user.get_username()
    token["is_superuser"] = user.is_superuser
    token["roles"] = sorted(user.groups.values_list("name", flat=True))
    needed = {message_type.permission for message_type in bus.handlers()}
    token["permissions"] = sorted(needed & user.get_all_permissions())
    return token
