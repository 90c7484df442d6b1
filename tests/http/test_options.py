"""OPTIONS says at every address which methods there are."""

import re
from collections.abc import Iterator

import pytest
from django.urls import URLResolver, get_resolver

from tests.http.addresses import MISSING
from tests.http.api import Api

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


def addresses(patterns: list, prefix: str = "/") -> Iterator[str]:
    for entry in patterns:
        path = re.sub(r"<(?:\w+:)?\w+>", MISSING, prefix + str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, path)
        elif path.startswith("/api/"):
            yield path


@pytest.mark.parametrize("path", sorted(set(addresses(get_resolver().url_patterns))))
@pytest.mark.parametrize("accept", ["*/*", "application/json", "", "text/csv"])
def test_options(api: Api, path: str, accept: str):
    answer = api.http.options(path, headers={**api._headers(), "Accept": accept})
    assert (answer.status_code, answer.content) == (200, b"")
    assert "OPTIONS" in answer["Allow"].split(", ")
