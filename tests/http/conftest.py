from collections.abc import Iterator

import pytest
from django.test import Client, override_settings

from tests.http.api import Api


@pytest.fixture
def api(client: Client) -> Iterator[Api]:
    """Return a client that nobody throttles."""
    with override_settings(THROTTLE_RATES=dict.fromkeys(("read", "write", "login"))):
        yield Api(client)
