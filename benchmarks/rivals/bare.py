"""The limit of reading: a Django view that copies stored documents and does nothing else.

No middleware, no authentication, no validation, no log; prepared statements on a connection that
stays open. What the product does beyond it is the price of the product.
"""

import os
from typing import Any

import django
import orjson
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from benchmarks.rivals.databases import plain_database

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    USE_TZ=True,
    TIME_ZONE="UTC",
    DATABASES={"default": plain_database(os.environ["REPLICA_DATABASE_URL"])},
)
PAGE = (
    "SELECT document FROM read_orders WHERE customer_id = %s AND status = %s"
    " ORDER BY order_date DESC, id DESC LIMIT %s OFFSET %s"
)
COUNT = (
    "SELECT count(*) FROM (SELECT 1 FROM read_orders WHERE customer_id = %s AND status = %s"
    " LIMIT 100001) AS capped"
)
ONE = "SELECT document FROM read_orders WHERE id = %s"


def rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    cursor: Any = connection.connection.execute(statement, parameters, prepare=True)
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def page(request: HttpRequest, customer_id: Any) -> HttpResponse:
    status, size = request.GET["status"], int(request.GET["page_size"])
    number = int(request.GET.get("page", 1))
    documents = rows(PAGE, customer_id, status, size, (number - 1) * size)
    count = rows(COUNT, customer_id, status)[0][0]
    head = orjson.dumps(
        {
            "count": min(count, 100_000),
            "count_capped": count > 100_000,
            "page": number,
            "page_size": size,
            "next": url(request, number + 1) if number * size < count else None,
            "previous": url(request, number - 1) if number > 1 else None,
        }
    )
    body = head[:-1] + b',"results":[' + ",".join([one for (one,) in documents]).encode() + b"]}"
    return answer(body)


def answer(body: bytes) -> HttpResponse:
    # The length spares Granian from sending chunks.
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return HttpResponse(body, headers=headers)


def url(request: HttpRequest, number: int) -> str:
    parameters = request.GET.copy()
    parameters["page"] = str(number)
    return f"{request.build_absolute_uri(request.path)}?{parameters.urlencode()}"


def one(request: HttpRequest, order_id: Any) -> HttpResponse:
    return answer(rows(ONE, order_id)[0][0].encode())


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"ready")


urlpatterns = [
    path("api/customers/<uuid:customer_id>/orders", page),
    path("api/orders/<uuid:order_id>", one),
    path("ready", ready),
]
django.setup()
application = WSGIHandler()
