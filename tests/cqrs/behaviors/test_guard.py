"""What the guard takes for reading. That nothing else passes is up to the role of `replica`."""

import pytest

from cqrs.behaviors.guard import only_reads


class TestOnlyReads:
    @pytest.mark.parametrize("sql", [
        "SELECT 1",
        " (SELECT 1) UNION (SELECT 2)",
        'SELECT "read_orders"."updated_at", "inserted" FROM "read_orders" WHERE "id" = %s',
        "WITH found AS (SELECT 1) SELECT * FROM found;",
        'DECLARE "cursor" NO SCROLL CURSOR FOR SELECT 1',
        'SAVEPOINT "s1"',
        'ROLLBACK TO SAVEPOINT "s1"',
        'RELEASE SAVEPOINT "s1"',
    ])  # fmt: skip
    def test_lets_reading_pass(self, sql: str):
        assert only_reads(sql)

    @pytest.mark.parametrize("sql", [
        "INSERT INTO read_orders DEFAULT VALUES",
        "UPDATE read_orders SET version = 1",
        "TRUNCATE read_orders",
        "CREATE TABLE t (id int)",
        "SET default_transaction_read_only = off",
        "SELECT 1; DELETE FROM read_orders",
        "SELECT 1;DROP TABLE read_orders",
        "WITH gone AS (DELETE FROM read_orders RETURNING 1) SELECT * FROM gone",
        "with gone as (\ndelete\nfrom read_orders returning 1) select * from gone",
        "SELECT * FROM read_orders FOR UPDATE",
        "SELECT * FROM read_orders FOR NO KEY UPDATE SKIP LOCKED",
        "SELECT * FROM read_orders FOR KEY SHARE",
        "SELECT * INTO copied FROM read_orders",
        "SELECT nextval('read_checkpoints_id_seq')",
    ])  # fmt: skip
    def test_stops_everything_else(self, sql: str):
        assert not only_reads(sql)
