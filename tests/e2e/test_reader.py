"""The desk's query side connects with a role that can read the read database, and nothing else."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.support.desk import PASSWORD, Desk, registered

WRITES = [
    "INSERT INTO read_orders SELECT * FROM read_orders",
    "UPDATE read_orders SET version = 1",
    "DELETE FROM read_orders",
    "TRUNCATE read_orders",
    "CREATE TABLE public.mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "DROP TABLE read_orders",
    "SELECT * FROM read_orders FOR UPDATE",
    "SELECT nextval('cqrs_projections_checkpoint_id_seq')",
]
# Asked through Django's own connection. The first answer is that of the sign on the door, the
# second that of the lock: the role.
TRY = """
import json, sys
from django.db import Error, connections
answers = []
for may_write in (False, True):
    for statement in json.loads('''%s'''):
        with connections["replica"].cursor() as cursor:
            if may_write:
                cursor.execute("SET default_transaction_read_only = off")
            try:
                cursor.execute(statement)
                answers.append("done")
            except Error as error:
                answers.append(error.__cause__.sqlstate)
print(json.dumps(answers))
"""
READ = """
import json, psycopg
from django.conf import settings
from django.db import connections
from readmodels.models import OrderReadModel
with connections["replica"].cursor() as cursor:
    cursor.execute("SELECT current_user")
    (user,) = cursor.fetchone()
replica = settings.DATABASES["replica"]
try:
    psycopg.connect(host=replica["HOST"], port=replica["PORT"], user=replica["USER"],
                    password=replica["PASSWORD"], dbname=settings.DATABASES["default"]["NAME"])
    said = "connected"
except psycopg.OperationalError as error:
    said = str(error)
print(json.dumps([user, OrderReadModel.objects.count() > 0, said]))
"""
LATER = """
import json
from django.db import connections
with connections["replica_writer"].cursor() as cursor:
    cursor.execute("CREATE SCHEMA shadow; CREATE TABLE shadow.later AS SELECT 1 AS it;"
                   "ALTER TABLE shadow.later SET SCHEMA public; DROP SCHEMA shadow")
try:
    with connections["replica"].cursor() as cursor:
        cursor.execute("SELECT it FROM later")
        print(json.dumps(cursor.fetchone()))
finally:
    with connections["replica_writer"].cursor() as cursor:
        cursor.execute("DROP TABLE later")
"""


def shell(desk: Desk, script: str) -> Any:
    code, stdout, stderr = desk.run("shell", "--no-imports", "-c", script)
    assert code == 0, stderr
    return json.loads(stdout.splitlines()[-1])


class TestReader:
    def test_reads_what_is_projected_and_cannot_reach_the_write_database(self, desk: Desk):
        user, is_found, said = shell(desk, READ)
        assert (user, is_found) == ("desk_reader", True)
        assert 'permission denied for database "desk_write"' in said

    def test_may_write_nothing(self, desk: Desk):
        answers = shell(desk, TRY % json.dumps(WRITES).replace("'", "\\'"))
        read_only, role = answers[: len(WRITES)], answers[len(WRITES) :]
        # read_only_sql_transaction; of a sequence, the right is asked for first
        assert read_only == ["25006"] * (len(WRITES) - 1) + ["42501"]
        assert role == ["42501"] * len(WRITES)  # insufficient_privilege

    def test_can_read_tables_that_are_made_later_elsewhere_and_moved_in(self, desk: Desk):
        assert shell(desk, LATER) == [1]

    def test_is_not_what_projections_write_with(self, desk: Desk):
        with desk.client() as client:
            customer = registered(client, f"reader-{desk.port}@example.com")
            changed = client.patch(
                f"/api/customers/{customer}", json={"name": "Bea"}, headers={"Prefer": "wait=9"}
            )
            assert changed.headers["Preference-Applied"] == "wait=9"
            token = {"X-Consistency-Token": changed.headers["X-Consistency-Token"]}
            answer = client.get(f"/api/customers/{customer}", headers=token)
            assert (answer.status_code, answer.json()["name"]) == (200, "Bea")


class TestAdmin:
    @pytest.mark.parametrize("model", ["orderreadmodel", "customerreadmodel"])
    def test_shows_lists_and_details(self, desk: Desk, model: str):
        with httpx.Client(base_url=desk.url, follow_redirects=True, timeout=30) as browser:
            form = browser.get("/admin/login/")
            (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
            login = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
            home = browser.post("/admin/login/?next=/admin/", data=login)
            assert (home.status_code, home.url.path) == (200, "/admin/")
            page = browser.get(f"/admin/readmodels/{model}/")
            assert page.status_code == 200
            detail = re.search(rf"/admin/readmodels/{model}/[0-9a-f-]{{36}}/change/", page.text)
            assert detail is not None
            assert browser.get(detail[0]).status_code == 200


class TestCommands:
    def test_migrate_goes_to_the_alias_that_writes(self, desk: Desk):
        code, stdout, stderr = desk.run("migrate", "--database", "replica")
        assert (code, stderr) == (0, "'replica' only reads: this goes to 'replica_writer'\n")
        assert "No migrations to apply" in stdout

    def test_show_and_check_read(self, desk: Desk):
        code, stdout, _ = desk.run("showmigrations", "readmodels", "--database", "replica")
        assert code == 0
        assert "[X] 0001_initial" in stdout
        assert "[ ]" not in stdout
        assert desk.run("check", "--database", "replica", "--database", "replica_writer")[0] == 0
        assert desk.run("makemigrations", "--check", "--dry-run")[0] == 0
