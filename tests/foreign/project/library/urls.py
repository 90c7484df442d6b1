"""All addresses."""

from catalog.views import BookQueries
from django.urls import include, path
from lending.views import BookCommands
from rest_framework.routers import SimpleRouter

from cqrs.http.tokens import ObtainToken


class Books(BookCommands, BookQueries):
    lookup_value_converter = "uuid"


router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("books", Books, basename="book")

urlpatterns = [path("token", ObtainToken.as_view()), path("", include(router.urls))]
