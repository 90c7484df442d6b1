from collections.abc import Iterator

import pytest
from django.test import Client

from cqrs.conf import DEFAULTS
from tests.http.api import Api
from tests.support.kernel_settings import cqrs


@pytest.fixture
def api(client: Client) -> Iterator[Api]:
    """Return a client without throttling."""
    with cqrs(THROTTLE_RATES=dict.fromkeys(DEFAULTS.THROTTLE_RATES)):
        yield Api(client)
