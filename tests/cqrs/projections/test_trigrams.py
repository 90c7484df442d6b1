"""The extension that the search needs: a role that may not create it gets the remedy."""

import pytest
from django.core.management.base import CommandError
from django.db import connections, transaction
from django.db.migrations.state import ProjectState

from cqrs.projections.trigrams import Trigrams
from cqrs.queries.specifications import containing
from readmodels.models import OrderReadModel, OrderSearch
from tests.support.log import Log

pytestmark = [
    pytest.mark.django_db(databases=["default", "replica"]),
    pytest.mark.postgresql_version,
]
PLAN = "EXPLAIN SELECT id FROM read_order_search WHERE search_text LIKE %s"


def migrate() -> None:
    state = ProjectState()
    with connections["replica"].schema_editor(atomic=False) as editor:
        Trigrams().database_forwards("readmodels", editor, state, state)


class TestTrigrams:
    def test_say_how_to_get_them_to_a_role_that_may_not_create_them(self) -> None:
        with connections["replica"].cursor() as cursor:
            cursor.execute("DROP EXTENSION pg_trgm CASCADE")
            cursor.execute("CREATE ROLE may_nothing; SET LOCAL ROLE may_nothing")
            with (
                pytest.raises(CommandError, match="CREATE EXTENSION pg_trgm") as raised,
                transaction.atomic(using="replica"),
            ):
                migrate()
            cursor.execute("RESET ROLE")
        assert connections["replica"].settings_dict["NAME"] in str(raised.value)

    def test_are_not_asked_for_twice(self) -> None:
        with connections["replica"].cursor() as cursor:
            cursor.execute("CREATE ROLE may_nothing; SET LOCAL ROLE may_nothing")
            migrate()
            cursor.execute("RESET ROLE")

    @pytest.mark.parametrize("word", ["ada", "example", "018f"])
    def test_serve_a_search(self, word: str) -> None:
        with connections["replica"].cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(PLAN, [f"%{word}%"])
            assert any("read_order_search_text" in line for (line,) in cursor.fetchall())

    @pytest.mark.parametrize("word", ["a", "Ün", "ü", "@", "8f", "0-", "-", "x", "zq"])
    def test_leave_short_words_right(self, log: Log, word: str) -> None:
        for name in ("Ada Ünal", "Bo", "Cy x"):
            log.order(log.customer(name))
        log.projected()
        orders = OrderReadModel.objects.all()
        texts = OrderSearch.objects.all()
        expected = {text.pk for text in texts if word.casefold() in text.search_text}
        for setting in ("off", "on"):
            with connections["replica"].cursor() as cursor:
                cursor.execute(f"SET LOCAL enable_seqscan = {setting}")
            assert {order.pk for order in orders.filter(containing(word))} == expected
