"""The read half of `/books`."""

from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.queries import GetBook, ListBooks
from cqrs.http.read_views import ReadViewSet


class BookQueries(ReadViewSet):
    def list(self, request: Request) -> HttpResponse:
        return self.answer(request, ListBooks)

    def retrieve(self, request: Request, pk: UUID) -> HttpResponse:
        return self.answer(request, GetBook, copy_id=pk)
