"""The front in a server of the tests' own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.front_server import FrontServer


@pytest.fixture(scope="package")
def any_server() -> Iterator[FrontServer]:
    with tempfile.TemporaryDirectory(prefix="order-desk-front-") as folder:
        server = FrontServer(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def server(any_server: FrontServer) -> Iterator[FrontServer]:
    """Yield the server with nothing in its folder, and let nothing of the test be held."""
    for path in any_server.folder.iterdir():
        if path.is_file() and path != any_server.log:
            path.unlink()
    yield any_server
    any_server.release()
