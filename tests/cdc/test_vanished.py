"""The write database's machine vanishes without a farewell, and returns."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from tests.cdc.adopted import outside
from tests.support.capturing import CaptureProcess
from tests.support.desk import Desk, served_desk, wait_for
from tests.support.servers import private_postgres
from tests.support.tcp_proxy import Proxy, proxied

pytestmark = pytest.mark.timeout(400)
WRITES = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "CDC_DATABASE_URL")
CHANGE = """
UPDATE customers_customer SET name = 'Outside'
WHERE id = (SELECT min(id::text)::uuid FROM customers_customer)
"""


class Remote(NamedTuple):
    """A desk whose write database is reached through a network that can fail."""

    desk: Desk
    network: Proxy
    direct_url: str


@pytest.fixture
def remote() -> Iterator[Remote]:
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="order-desk-"))
        server = stack.enter_context(private_postgres(folder))
        network, port = stack.enter_context(proxied("127.0.0.1", server.port))
        variables = dict(server.variables)
        direct_url = variables["MIGRATION_DATABASE_URL"]
        for name in WRITES:
            variables[name] = variables[name].replace(f":{server.port}/", f":{port}/")
        desk = stack.enter_context(served_desk(**variables, CDC_HEARTBEAT_S="1"))
        desk.start(WORKER="0", READMODEL_SYNC="cdc")
        yield Remote(desk, network, direct_url)


class TestVanishedServer:
    def test_is_captured_again_after_it_has_returned(self, remote: Remote):
        capture = CaptureProcess(remote.desk)
        try:
            capture.start()
            wait_for(lambda: capture.row()["scan_due"] is False, 60)
            remote.network.vanish()
            with psycopg.connect(remote.direct_url) as connection:
                connection.execute(CHANGE)
            reason = "nothing has come from the engine for 30 s"
            wait_for(lambda: reason in capture.log.read_text(), 60)
            remote.network.return_()
            wait_for(lambda: outside(remote.desk) == 1, 150)
            wait_for(capture.is_capturing, 60)
        finally:
            capture.end()
