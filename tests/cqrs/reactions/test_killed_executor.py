"""An executor that is killed between its attempt and the confirmation, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, connections

from cqrs.models import ReactionWork
from customers.models import CustomerProfile
from tests.support.blocked import wait_until_blocked
from tests.support.desk import REPOSITORY, wait_for
from tests.support.faults import execute
from tests.support.reacting import deployed, failures, handed_over, make_due, run
from tests.support.scenarios import customer
from tests.support.webhook import webhook

EXECUTE = """
import django, sys
django.setup()
from cqrs import tasks
tasks.run_reaction(name=sys.argv[1])
"""
LOCK = 4711
# The deletion of the row is the last statement of a transactional attempt: it waits for the lock.
BLOCKED = f"""
CREATE FUNCTION wait_before_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock({LOCK}); RETURN OLD; END $$;
CREATE TRIGGER wait_before_commit BEFORE DELETE ON cqrs_reactionwork
FOR EACH ROW EXECUTE FUNCTION wait_before_commit()
"""

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def executing(reaction: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Execute the reaction in a process over the databases of the test; kill it in the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", EXECUTE, reaction],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **urls(), **environment},
        cwd=REPOSITORY,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


def urls() -> dict[str, str]:
    names = {"DATABASE_URL": "default", "REPLICA_DATABASE_URL": "replica"}
    return {name: url(alias) for name, alias in names.items()}


def url(alias: str) -> str:
    with_ = connections[alias].settings_dict
    return "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**with_)


class TestKilledExecutor:
    def test_calls_again_for_an_external_effect_with_the_same_key(self, settings):
        customer()
        handed_over()
        with webhook() as hook:
            hook.go_on.clear()
            with executing("start_marketing_campaign", MARKETING_WEBHOOK_URL=hook.url):
                wait_for(lambda: hook.posts, 60)
            hook.go_on.set()
            row = ReactionWork.objects.get(reaction="start_marketing_campaign")
            assert (row.attempts, row.error) == (1, "")
            settings.MARKETING_WEBHOOK_URL = hook.url
            reaction = deployed("start_marketing_campaign")
            assert run(reaction) == 0, "the lease still holds"
            make_due()
            assert run(reaction) == 1
            first, second = hook.posts
        assert first == second
        assert first[0]["idempotency-key"] == str(row.event_id)
        assert failures() == []

    def test_leaves_a_transactional_effect_to_happen_once(self):
        key = customer()
        handed_over()
        reaction = deployed("create_default_profile")
        with connection.cursor() as cursor:
            cursor.execute(BLOCKED)
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            with executing(reaction.name):
                wait_until_blocked()
        finally:
            execute("SELECT pg_advisory_unlock(%s)", LOCK)
            execute("DROP FUNCTION wait_before_commit CASCADE")
        wait_for(lambda: run(reaction), 30)
        assert [row.customer_id for row in CustomerProfile.objects.all()] == [key]
        assert not ReactionWork.objects.filter(reaction=reaction.name).exists()
        assert failures() == []
