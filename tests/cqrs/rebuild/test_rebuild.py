"""A rebuild: beside the old tables, proven, swapped in one moment, and taken back if need be."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from cqrs.projections.registry import runner
from cqrs.rebuild import rebuild as module
from cqrs.rebuild.rebuild import rebuild
from cqrs.rebuild.serving import active_consumers
from cqrs.rebuild.table_copies import Slot, TableCopy
from readmodels.models import (
    CustomerReadModel,
    CustomerSearch,
    OrderReadModel,
    OrderSearch,
    StockSearch,
)
from readmodels.projections import PROJECTIONS
from readmodels.tasks import project
from tests.support.built import filled, nothing_is_left, projections

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
    pytest.mark.postgresql_version,
]
ORDERS, CUSTOMERS, STOCK, *_ = PROJECTIONS


def sql(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connections["replica"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def rows() -> list[dict[str, Any]]:
    models = (OrderReadModel, OrderSearch, CustomerReadModel, CustomerSearch, StockSearch)
    return [row for model in models for row in model.objects.order_by("id").values()]  # type: ignore[attr-defined]


class TestRebuild:
    def test_of_the_same_version_swaps_equal_tables(self) -> None:
        filled()
        before = rows()
        said = projections("rebuild", "--all")
        assert "orders: swapped" in said
        assert rows() == before
        names = {projection.name for projection in PROJECTIONS}
        assert {each.name for each in active_consumers(PROJECTIONS)} == {
            *names, *(f"{name}.retired" for name in names)
        }  # fmt: skip

    def test_keeps_names_indexes_and_constraints(self) -> None:
        filled()
        names = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
        constraints = (
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
        )
        before = sql(names), sql(constraints)
        projections("rebuild", "--all")
        assert (sql(names), sql(constraints)) == before

    def test_stops_at_a_difference_and_swaps_when_it_is_accepted(self) -> None:
        filled()
        OrderReadModel.objects.filter(status="confirmed").update(total_amount=7)
        with pytest.raises(CommandError, match="--accept-changes"):
            projections("rebuild", "orders")
        assert OrderReadModel.objects.filter(total_amount=7).count() == 15
        said = projections("rebuild", "orders", "--accept-changes")
        assert "15 row(s) differ in read_orders.total_amount" in said
        assert OrderReadModel.objects.filter(total_amount=7).count() == 0

    def test_rolls_back_to_tables_that_were_followed(self) -> None:
        log = filled()
        OrderReadModel.objects.all().update(currency="XXX")
        projections("rebuild", "orders", "--accept-changes")
        log.order(log.customer("Late"))
        log.published()
        project()
        assert OrderReadModel.objects.filter(currency="XXX").count() == 0
        projections("rebuild", "orders", "--rollback")
        assert OrderReadModel.objects.filter(currency="XXX").count() == 30
        assert OrderReadModel.objects.count() == 31
        projections("rebuild", "orders", "--rollback")
        assert OrderReadModel.objects.filter(currency="XXX").count() == 0

    def test_old_tables_are_followed_by_the_command_as_by_the_task(self) -> None:
        log = filled()
        projections("rebuild", "orders", "customers")
        log.order(log.customer("Late"))
        log.published()
        projections("run", "orders", "--until-caught-up")
        assert runner.positions(TableCopy(ORDERS, Slot.RETIRED)) == runner.positions(ORDERS)
        assert sql("SELECT count(*) FROM read_retired.read_orders") == [(31,)]
        # What is not named is left alone, with its copy.
        assert sql("SELECT count(*) FROM read_retired.read_customers") == [(30,)]
        projections("run", "--until-caught-up")
        assert sql("SELECT count(*) FROM read_retired.read_customers") == [(31,)]

    def test_rolls_back_only_to_what_there_is(self) -> None:
        filled()
        with pytest.raises(CommandError, match="no old tables"):
            projections("rebuild", "orders", "--rollback")

    def test_drops_only_what_there_is(self) -> None:
        filled()
        projections("rebuild", "orders")
        output = io.StringIO()
        with pytest.raises(CommandError) as failure:
            projections("rebuild", "customers", "orders", "--discard", output=output)
        assert str(failure.value) == (
            "customers has no unfinished rebuild and no old tables to drop"
        )
        assert output.getvalue() == "orders: done\n"
        assert not TableCopy(ORDERS, Slot.RETIRED).exists()

    def test_drops_of_all_what_there_is(self) -> None:
        filled()
        projections("rebuild", "orders")
        said = projections("rebuild", "--all", "--discard").splitlines()
        others = [each.name for each in PROJECTIONS[1:]]
        assert said == ["orders: done", *(f"{name}: there was nothing to drop" for name in others)]

    def test_needs_a_name_or_all(self) -> None:
        with pytest.raises(CommandError, match="--all"):
            projections("rebuild")

    def test_goes_on_where_it_was_interrupted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        filled()
        monkeypatch.setattr(
            "cqrs.rebuild.rebuild.catch_up", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            rebuild(ORDERS, lambda *_: None)
        monkeypatch.undo()
        assert TableCopy(ORDERS, Slot.SHADOW).exists()
        created = sql("SELECT 'read_shadow.read_orders'::regclass::oid")
        projections("rebuild", "orders")
        assert sql("SELECT 'public.read_orders'::regclass::oid") == created

    def test_a_new_version_is_announced_folded_twice_and_swapped_when_accepted(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        filled()
        monkeypatch.setattr(type(ORDERS), "version", 3)
        output = io.StringIO()
        call_command("check", databases=["default", "replica"], stderr=output)
        assert "cqrs.W001" in output.getvalue()
        said = projections("rebuild", "orders")
        assert "folded once more on their own: 0 differ" in said
        assert runner.started(ORDERS)[0].version == 3

    def test_catches_up_before_it_holds_the_workers_to_roll_back(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The tables may be far behind; catching up while holding would stop the workers."""
        log = filled()
        projections("rebuild", "orders")
        log.order(log.customer("Late"))
        log.projected()
        retired, found = TableCopy(ORDERS, Slot.RETIRED), []
        swap = module.swap

        def watched(build: TableCopy) -> None:
            found.append(runner.positions(retired))
            swap(build)

        monkeypatch.setattr(module, "swap", watched)
        projections("rebuild", "orders", "--rollback")
        assert found == [runner.positions(ORDERS)]
