"""The desk on another host, by the runbook: other servers, another folder, the same clients."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psycopg
import pytest

from cqrs.messaging.ids import uuid7
from tests.runbooks.pages import blocks, managed, run
from tests.support.desk import Desk, order_body, registered, served_desk, wait_for
from tests.support.servers import PrivatePostgres, private_postgres
from tests.support.sides import assert_agree
from tests.support.templates import served_postgres

SHUT, COPY, FILL = blocks("move-to-another-host")
WRITE = "UPDATE orders_order SET status = status"


@pytest.fixture
def servers() -> Iterator[tuple[PrivatePostgres, PrivatePostgres]]:
    """Yield the old one with its data, and the new one with databases and roles alone."""
    folder = Path(tempfile.mkdtemp(prefix="order-desk-"))
    with served_postgres() as old, private_postgres(folder) as new:
        yield old, new


@pytest.fixture
def hosts(servers: tuple[PrivatePostgres, PrivatePostgres]) -> Iterator[list[Desk]]:
    with ExitStack() as stack:
        yield [stack.enter_context(served_desk(**each.variables)) for each in servers]


class TestMoved:
    def test_serves_the_same_clients_the_same_data(
        self, hosts: list[Desk], servers: tuple[PrivatePostgres, PrivatePostgres]
    ) -> None:
        old, new = hosts
        old.start()
        with old.client() as client:
            customer = registered(client, f"{uuid7()}@example.com")
            order = client.post("/api/orders", json=order_body(customer)).json()["id"]
            wait_for(lambda: client.get(f"/api/orders/{order}").status_code == 200)
            old.start(WORKER="0")
            late = client.post("/api/orders", json=order_body(customer)).json()["id"]
            bearer = client.headers["Authorization"]
            self.shut(old, servers[0], client, order)

        run(COPY, new, OLD_WRITE_URL=servers[0].url, NEW_WRITE_URL=servers[1].url)
        (new.folder / "local").mkdir()
        shutil.copy(old.folder / "local/secret_key", new.folder / "local")
        for command in managed(FILL):
            code, said, complaint = new.run(*command.split())
            assert code == 0, said + complaint
        assert "Everything agrees" in said

        new.start()
        headers = {"Authorization": bearer}
        with httpx.Client(base_url=new.url, headers=headers, timeout=30) as client:
            assert client.get(f"/api/orders/{order}").json()["status"] == "pending"
            confirmed = client.post(f"/api/orders/{order}/confirm", headers={"Prefer": "wait=20"})
            assert confirmed.status_code == 200
            assert client.get(f"/api/orders/{order}").json()["status"] == "confirmed"
            assert client.get(f"/api/orders/{late}").json()["status"] == "pending"
        assert old.stop() == 0
        assert_agree(new)

    def shut(self, old: Desk, server: PrivatePostgres, client: httpx.Client, order: str) -> None:
        """Follow the step that lets neither the desk nor another program write any more."""
        with psycopg.connect(server.variables["DATABASE_URL"], autocommit=True) as stranger:
            run(SHUT, old, OLD_WRITE_URL=server.url)
            with pytest.raises(psycopg.errors.AdminShutdown):
                stranger.execute(WRITE)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            psycopg.connect(server.variables["DATABASE_URL"]).execute(WRITE)
        refused = client.post(f"/api/orders/{order}/confirm")
        assert (refused.status_code, refused.json()["code"]) == (503, "write_side_unavailable")
        assert client.get(f"/api/orders/{order}").json()["status"] == "pending"
