import pytest
from django.db import connections

from cqrs.database.statements import Selected
from cqrs.projections.rows import Row, fold
from cqrs.projections.store import Store
from cqrs.projections.store import loaded as rows_of
from cqrs.projections.table import Table
from readmodels.models import OrderCustomer
from tests.support.log import Log

pytestmark = pytest.mark.postgresql_version

READ = pytest.mark.django_db(databases=["default", "replica"])
NOTES = Table(OrderCustomer)
STORE = Store("notes")
KEY = "018f0000-0000-7000-8000-000000000001"
OTHER = "018f0000-0000-7000-8000-000000000002"


def note(name: str, version: int, position: int, key: str = KEY) -> dict[str, Row]:
    document = {"customer_id": key, "name": name, "email": "a@example.com", "version": version}
    return {key: Row(document, position)}


def loaded(keys: list[str]) -> dict[str, Row]:
    return rows_of(NOTES, Selected("replica", STORE.loads(NOTES, keys)).rows())


class TestTable:
    @READ
    def test_loads_what_it_wrote(self) -> None:
        rows = note('A "b" \\ {c}, NULL\nÖ', 1, 7) | note("", 1, 8, OTHER)
        STORE.write({NOTES: rows})
        assert loaded([KEY, OTHER]) == rows
        assert loaded([KEY]) == {KEY: rows[KEY]}
        assert loaded([]) == {}

    @READ
    @pytest.mark.parametrize(("version", "position"), [(1, 9), (3, 4)])
    def test_refuses_an_older_version_and_an_older_position(
        self, version: int, position: int
    ) -> None:
        newer = note("new", 2, 5)
        STORE.write({NOTES: newer})
        STORE.write({NOTES: note("old", version, position)})
        assert loaded([KEY]) == newer

    @READ
    def test_replaces_a_row_by_a_newer_one(self) -> None:
        STORE.write({NOTES: note("old", 1, 4)})
        STORE.write({NOTES: note("new", 2, 5)})
        assert loaded([KEY]) == note("new", 2, 5)

    @READ
    def test_refuses_what_does_not_fit_instead_of_cutting_it(self) -> None:
        assert list(NOTES.columns.types.values()) == [
            "uuid", "integer", "bigint", "varchar", "varchar"
        ]  # fmt: skip

    @READ
    def test_goes_through_the_wrappers_that_guard_the_connection(self) -> None:
        seen = []

        def watch(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
            seen.append(sql)
            return execute(sql, params, many, context)

        with connections["replica"].execute_wrapper(watch):
            loaded([KEY])
        assert len(seen) == 1


class TestFold:
    @READ
    @pytest.mark.bypasses_events
    def test_passes_over_events_that_the_row_has_seen(self) -> None:
        log = Log()
        log.rename(log.customer("Ada"), "Grace")
        first, second = log.sequenced()
        key = first.data["customer_id"]
        rows = {key: Row({"name": "Ada"}, first.position)}
        handles = dict.fromkeys([first.type, second.type], lambda _, event: dict(event.data))
        assert fold([first], handles, "customer_id", rows) == {}
        assert fold([first, second], handles, "customer_id", rows) == {
            key: Row(second.data, second.position)
        }
