"""Tables and columns that only one version of a projection writes, through swaps and back."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import connections, models
from django.test.utils import isolate_apps

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.read_models import ReadModel
from cqrs.projections.rows import RowState, fold, keys_of
from cqrs.projections.store import RowsByTable
from cqrs.projections.table import Table
from cqrs.rebuild.owned_tables import mark_serving_tables
from cqrs.rebuild.rebuild import rebuild, roll_back
from cqrs.rebuild.table_copies import follow_migration
from cqrs.rebuild.verify import verify
from customers.events import CustomerRegistered
from readmodels.models import StockReadModel
from readmodels.projections import PROJECTIONS
from readmodels.projections.stock import Stock
from readmodels.tasks import project
from tests.support.built import filled, nothing_is_left, silent
from tests.support.kernel_settings import cqrs
from tests.support.log import Log

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.postgresql_version,
]


def sql(statement: str) -> list[tuple[Any, ...]]:
    with connections["replica"].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def one_more(log: Log) -> None:
    log.customer("Late")
    log.stock(name="Chair")
    log.published()
    project()


def build(table: str) -> Any:
    return cqrs(PROJECTIONS=[f"{__name__}.{table}"], EVENT_SCHEMAS_DIR=None)


with isolate_apps("readmodels"):
    fields = {field.name: field.clone() for field in StockReadModel._meta.concrete_fields}
    meta = type("Meta", (), {"app_label": "readmodels", "db_table": "read_stock"})
    StockWithLetter: Any = type(
        "StockWithLetter",
        (models.Model,),
        {
            **fields,
            "letter": models.CharField(null=True),
            "Meta": meta,
            "__module__": __name__,
        },
    )

    class Greeting(ReadModel):
        id = models.UUIDField(primary_key=True)
        greeting = models.CharField()

        class Meta:
            app_label = "readmodels"
            db_table = "read_greetings"

    class Farewell(ReadModel):
        id = models.UUIDField(primary_key=True)
        greeting = models.CharField()

        class Meta:
            app_label = "readmodels"
            db_table = "read_farewells"


def stock_table(**more: Any) -> Table:
    """Return the table of stock with the new column."""
    key, search = Stock.table.partition_key, Stock.table.search
    return Table(StockWithLetter, key, search, **Stock.table.columns.computed, **more)


class StockV2(Stock):
    """Knows of the new column, and does not write it."""

    table = stock_table(without=["letter"])


class StockV3(Stock):
    version = 3
    table = stock_table(letter=lambda state: state["name"][0])


def greeted(word: str) -> Any:
    def handle(_: RowState | None, event: RecordedEvent) -> RowState:
        greeting = f"{word} {event.data['name']}"
        return {"id": event.data["customer_id"], "greeting": greeting, "version": event.version}

    return handle


class Greetings(Projection):
    """Writes `read_greetings`."""

    name, version = "greetings", 1
    table = Table(Greeting, partition_key="id")
    key = "customer_id"
    handlers = {CustomerRegistered.wire_name: greeted("Hello")}


class GreetingsV2(Greetings):
    """Writes `read_farewells`, and `read_greetings` no more."""

    version = 2
    table = Table(Farewell, partition_key="id")
    handlers = {CustomerRegistered.wire_name: greeted("Goodbye")}


class GreetingsV3(Greetings):
    """Writes both."""

    version = 3
    first, second = (each.table for each in (Greetings, GreetingsV2))
    tables = (first, second)

    def keys(self, events: Sequence[RecordedEvent]) -> Any:
        return dict.fromkeys(self.tables, keys_of(events, self.handlers, self.key))

    def fold(self, events: Sequence[RecordedEvent], loaded: RowsByTable) -> RowsByTable:
        return {
            self.first: fold(events, Greetings.handlers, self.key, loaded[self.first]),
            self.second: fold(events, GreetingsV2.handlers, self.key, loaded[self.second]),
        }


OTHERS = tuple(each for each in PROJECTIONS if each.name != "stock")
BEFORE_THE_COLUMN = PROJECTIONS
WITH_THE_COLUMN = (*OTHERS, StockV2(), StockV3())
V1, V2, V3 = Greetings(), GreetingsV2(), GreetingsV3()
ONLY_V1 = (*PROJECTIONS, V1)
V1_AND_V2 = (*PROJECTIONS, V1, V2)
ONLY_V2 = (*PROJECTIONS, V2)
ONLY_V3 = (*PROJECTIONS, V3)


@pytest.mark.usefixtures(nothing_is_left.__name__)
class TestAColumnOfTheNewVersion:
    @pytest.fixture(autouse=True)
    def log(self) -> Iterator[Log]:
        """Have a retired copy, then migrate."""
        log = filled()
        rebuild(PROJECTIONS[2], silent)
        sql("ALTER TABLE read_stock ADD COLUMN letter varchar NULL")
        follow_migration()
        yield log
        sql("ALTER TABLE public.read_stock DROP COLUMN letter")

    def letters(self) -> list[tuple[Any, ...]]:
        return sql("SELECT DISTINCT letter FROM public.read_stock ORDER BY letter")

    def test_is_null_while_the_version_before_serves(self, log: Log) -> None:
        one_more(log)  # of code that does not know it at all
        with build("WITH_THE_COLUMN"):
            one_more(log)
        assert self.letters() == [(None,)]

    def test_is_there_in_retired_tables_from_before_the_migration(self, log: Log) -> None:
        roll_back(PROJECTIONS[2])
        one_more(log)
        assert self.letters() == [(None,)]

    def test_is_written_by_the_new_version_and_null_after_going_back(self, log: Log) -> None:
        with build("WITH_THE_COLUMN"):
            proof = rebuild(StockV3(), silent, accept_changes=True)
            assert proof.columns == {"read_stock.letter": 30}
            one_more(log)
            assert self.letters() == [("C",), ("L",)]
            roll_back(StockV3())
            one_more(log)
            assert self.letters() == [(None,)]
            roll_back(StockV3())
            one_more(log)
            assert self.letters() == [("C",), ("L",)]
            assert list(verify(StockV3(), silent)) == []


class TestATableOfOneVersion:
    @pytest.fixture(autouse=True)
    def log(self) -> Iterator[Log]:
        """Have both tables, as after the migration of the newer build."""
        tables = ("read_greetings", "read_farewells")
        for name in tables:
            sql(
                f"CREATE TABLE {name} (id uuid PRIMARY KEY, greeting varchar NOT NULL,"
                " version integer NOT NULL, position bigint NOT NULL)"
            )
        with build("V1_AND_V2"):
            mark_serving_tables()
        log = Log()
        log.customer("Ada")
        log.published()
        with build("ONLY_V1"):
            project()
        yield log
        for schema in ("public", "read_shadow", "read_retired"):
            for name in tables:
                sql(f"DROP TABLE IF EXISTS {schema}.{name}")

    def counts(self, schema: str = "public") -> tuple[int, int]:
        """Return the number of rows of the first and of the second table."""
        [found] = sql(
            f"SELECT (SELECT count(*) FROM {schema}.read_greetings),"
            f" (SELECT count(*) FROM {schema}.read_farewells)"
        )
        return found

    def test_is_swapped_with_the_others_and_back(self, log: Log) -> None:
        with build("V1_AND_V2"):
            rebuild(V2, silent, accept_changes=True)
            one_more(log)
            assert (self.counts(), self.counts("read_retired")) == ((0, 2), (2, 0))
            roll_back(V2)
            one_more(log)
            assert (self.counts(), self.counts("read_retired")) == ((3, 0), (0, 3))

    def test_is_swapped_by_builds_that_do_not_know_it(self, log: Log) -> None:
        with build("ONLY_V2"):
            rebuild(V2, silent, accept_changes=True)
            one_more(log)
        assert (self.counts(), self.counts("read_retired")) == ((0, 2), (1, 0))
        with build("ONLY_V1"):
            roll_back(V1)
            one_more(log)
        assert (self.counts(), self.counts("read_retired")) == ((3, 0), (0, 2))
        with build("V1_AND_V2"):
            project()
            roll_back(V2)
            one_more(log)
            assert (self.counts(), self.counts("read_retired")) == ((0, 4), (4, 0))
            assert list(verify(V2, silent)) == []

    def test_may_be_all_that_a_version_adds(self, log: Log) -> None:
        with build("ONLY_V3"):
            proof = rebuild(V3, silent, accept_changes=True)
            assert proof.kinds == {"missing": 1}
            one_more(log)
        assert self.counts() == (2, 2)
        with build("ONLY_V1"):
            roll_back(V1)
            one_more(log)
        assert self.counts() == (3, 0)
