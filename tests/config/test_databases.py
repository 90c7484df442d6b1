"""From URLs to aliases."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.database.databases import LOST_HOST, by_alias

ONE = "postgresql://reader:p%40ss@h1/read"
SEVERAL = "postgresql://reader:pass@h1:5433,[::1]/read"
OWNER = "postgresql://owner:pass@h1/read"
READ_ONLY = "-c default_transaction_read_only=on"


def databases(replica: str = ONE, writer: str = "") -> dict[str, dict[str, Any]]:
    urls = {"default": "postgresql://u:p@h/write", "replica": replica, "replica_writer": writer}
    return by_alias(urls, read_max_age_s=60)


class TestByAlias:
    @pytest.mark.parametrize("writer", ["", ONE])
    def test_has_one_alias_where_reading_and_writing_do_not_differ(self, writer: str):
        assert list(databases(writer=writer)) == ["default", "replica"]
        replica = databases(writer=writer)["replica"]
        assert (replica["USER"], replica["PASSWORD"], replica["HOST"]) == ("reader", "p@ss", "h1")
        assert "options" not in replica["OPTIONS"]

    def test_reads_only_where_another_role_writes(self):
        found = databases(writer=OWNER)
        assert found["replica"]["OPTIONS"]["options"] == READ_ONLY
        assert found["replica_writer"]["USER"] == "owner"
        assert "options" not in found["replica_writer"]["OPTIONS"]

    def test_spreads_reads_over_several_hosts_and_writes_to_the_one_that_takes_writes(self):
        found = databases(SEVERAL)
        for alias in ("replica", "replica_writer"):
            assert (found[alias]["HOST"], found[alias]["PORT"]) == ("h1,::1", "5433,5432")
        read, write = found["replica"]["OPTIONS"], found["replica_writer"]["OPTIONS"]
        assert read["load_balance_hosts"] == "random"
        assert read["options"] == READ_ONLY
        assert write["target_session_attrs"] == "read-write"
        assert "load_balance_hosts" not in write
        assert "target_session_attrs" not in read

    def test_gives_a_lost_machine_up_on_every_alias(self):
        for found in databases(SEVERAL).values():
            chosen = {name: found["OPTIONS"][name] for name in LOST_HOST}
            assert chosen == {
                "connect_timeout": 3,
                "tcp_user_timeout": 3000,
                "keepalives_idle": 2,
                "keepalives_interval": 1,
                "keepalives_count": 3,
            }

    def test_joins_the_options_of_the_url(self):
        found = databases(f"{SEVERAL}?options=-c%20work_mem%3D8MB")
        assert found["replica"]["OPTIONS"]["options"] == f"{READ_ONLY} -c work_mem=8MB"
        assert found["replica_writer"]["OPTIONS"]["options"] == "-c work_mem=8MB"

    def test_lets_the_url_decide_otherwise(self):
        options = databases(f"{SEVERAL}?load_balance_hosts=disable&connect_timeout=9")["replica"]
        assert options["OPTIONS"]["load_balance_hosts"] == "disable"
        assert options["OPTIONS"]["connect_timeout"] == "9"

    def test_keeps_a_connection_for_reading_a_while_and_one_for_writing_for_ever(self):
        ages = {alias: found["CONN_MAX_AGE"] for alias, found in databases(SEVERAL).items()}
        assert ages == {"default": None, "replica": 60, "replica_writer": None}

    def test_names_the_variable_that_is_wrong(self):
        with pytest.raises(ImproperlyConfigured, match=r"^REPLICA_WRITER_DATABASE_URL: expected"):
            databases(writer="mysql://h/read")
