"""The write half of `/books`."""

from uuid import UUID

from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.request import Request

from cqrs.http.views import CommandViewSet
from lending.commands import AcquireBook, LendBook


class BookCommands(CommandViewSet):
    def create(self, request: Request) -> HttpResponse:
        return self.send(request, AcquireBook, creates_in="/books")

    @action(detail=True, methods=["post"])
    def lend(self, request: Request, pk: UUID) -> HttpResponse:
        return self.send(request, LendBook, copy_id=pk)
