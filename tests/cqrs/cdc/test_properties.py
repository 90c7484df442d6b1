"""The properties of Debezium's connector."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections

from cqrs.adoption.adapter import watched_tables
from cqrs.cdc import properties
from tests.faults.traffic import url
from tests.support.kernel_settings import cqrs
from tests.support.waiting import BOTH

CONNECTORS = Path(__file__).resolve().parents[3] / "deploy/kafka-connect"


def shipped(name: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((CONNECTORS / name).read_text())["config"]
    return config


class TestConnector:
    def test_of_kafka_connect_has_the_properties_of_the_engine(self):
        with cqrs(CDC_NAME="order_desk", CDC_HEARTBEAT_S=5):
            wanted = properties.connector(watched_tables())
        assert {name: shipped("row-capture.json").get(name) for name in wanted} == wanted

    def test_captures_keys_alone(self):
        with cqrs(CDC_NAME="library"):
            found = properties.connector({"library_page": ("book", "book_id")})
        assert found["table.include.list"] == "public.cqrs_event,public.library_page"
        assert found["column.include.list"] == (
            r"public\.cqrs_event\.id,public\.library_page\.book_id"
        )

    def test_of_the_outbox_reads_the_same_publication_with_a_slot_of_its_own(self):
        rows, outbox = shipped("row-capture.json"), shipped("outbox.json")
        assert outbox["publication.name"] == rows["publication.name"]
        assert outbox["slot.name"] != rows["slot.name"]
        assert outbox["topic.prefix"] != rows["topic.prefix"]


@pytest.mark.django_db(databases=BOTH)
class TestEmbedded:
    def test_has_the_logins_of_both_databases(self):
        with psycopg.connect(url("default")) as connection:
            found = properties.embedded({}, connection)
            assert found["database.dbname"] == connection.info.dbname
            assert found["database.password"] == connection.info.password
            assert (found["driver.connectTimeout"], found["driver.loginTimeout"]) == ("5", "5")
        where = url("replica").rpartition("@")[2]
        assert found["offset.storage.jdbc.connection.url"] == (
            f"jdbc:postgresql://{where}?targetServerType=primary&connectTimeout=5&socketTimeout=30"
        )


@pytest.mark.django_db(transaction=True, databases=BOTH)
class TestPassfile:
    def test_gives_the_engine_its_password(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        login = connections["replica"].settings_dict
        password, passfile = login["PASSWORD"], tmp_path / "pgpass"
        passfile.touch(0o600)
        passfile.write_text(f"*:*:*:*:{password}\n")
        connections["replica"].close()
        monkeypatch.setitem(login, "PASSWORD", "")
        monkeypatch.setitem(login, "OPTIONS", {**login["OPTIONS"], "passfile": str(passfile)})
        with psycopg.connect(url("default")) as connection:
            found = properties.embedded({}, connection)
        assert found["offset.storage.jdbc.connection.password"] == password
