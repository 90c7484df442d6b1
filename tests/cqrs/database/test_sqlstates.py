"""Each SQLSTATE has one meaning, and one thing that is to blame."""

import pytest
from django.db import Error, connection, transaction

from cqrs.database.outages import is_outage
from cqrs.database.sqlstates import TABLE, Blame, Meaning, blame, meaning
from orders.models import StockItem
from tests.support.faults import Broken, execute
from tests.support.sqlstates import saying

pytestmark = pytest.mark.django_db(transaction=True)


def said(sqlstate: str) -> Error:
    with pytest.raises(Error) as raised, saying("default", sqlstate):
        execute("SELECT 1")
    return raised.value


class TestTable:
    def test_has_the_longer_before_the_shorter(self):
        beginnings = [beginning for beginning, _, _ in TABLE]
        for place, beginning in enumerate(beginnings):
            assert not any(beginning.startswith(other) for other in beginnings[:place])

    @pytest.mark.parametrize(
        ("sqlstate", "means", "culprit"),
        [
            ("40001", Meaning.CONFLICT, Blame.SERVER),
            ("40P01", Meaning.CONFLICT, Blame.SERVER),
            ("08003", Meaning.LOST, Blame.SERVER),
            ("25006", Meaning.LOST, Blame.SERVER),
            ("28P01", Meaning.LOST, Blame.SERVER),
            ("53300", Meaning.LOST, Blame.SERVER),
            ("57P02", Meaning.LOST, Blame.SERVER),
            ("55P03", Meaning.LOCKED, Blame.SERVER),
            ("57014", Meaning.SLOW, Blame.SERVER),
            ("53100", Meaning.EXHAUSTED, Blame.SERVER),
            ("XX000", Meaning.EXHAUSTED, Blame.SERVER),
            ("42P01", Meaning.MISSING, Blame.SCHEMA),
            ("42703", None, Blame.SCHEMA),
            ("42501", None, Blame.SCHEMA),
            ("22003", None, Blame.EVENT),
            ("23505", None, Blame.EVENT),
            ("P0001", None, Blame.EVENT),
        ],
    )
    def test_is_read_off_the_servers_error(self, sqlstate, means, culprit):
        error = said(sqlstate)
        assert (meaning(error), blame(error)) == (means, culprit)
        assert is_outage(error) == (means is Meaning.LOST)


class TestErrorWithoutSqlstate:
    def test_is_a_lost_connection(self):
        connection.ensure_connection()
        connection.connection.close()
        with pytest.raises(Error) as raised, transaction.atomic():
            StockItem.objects.count()
        assert (meaning(raised.value), blame(raised.value)) == (Meaning.LOST, Blame.SERVER)
        connection.close()

    def test_is_the_events_if_it_is_not_the_databases(self):
        assert (meaning(Broken()), blame(Broken())) == (None, Blame.EVENT)


class TestAlias:
    def test_stands_on_the_error(self):
        assert said("57014").alias == "default"  # type: ignore[attr-defined]
