from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from cqrs.conf import DEFAULTS
from tests.http.api import Api
from tests.support import scenarios
from tests.support.kernel_settings import cqrs


@pytest.fixture
def api(client: Client) -> Iterator[Api]:
    """Return a client without throttling."""
    with cqrs(THROTTLE_RATES=dict.fromkeys(DEFAULTS.THROTTLE_RATES)):
        yield Api(client)


@pytest.fixture
def order(api: Api) -> Any:
    """Return the id of an order that can be read."""
    key = scenarios.order()
    api.projected()
    return key
