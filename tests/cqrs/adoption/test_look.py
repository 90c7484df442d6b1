"""A look takes what other programs have written into the log, once, whatever it was."""

from uuid import UUID

import pytest

from cqrs.adoption.adopting import Looked
from cqrs.adoption.looking import look
from cqrs.event_log.audits import audit
from cqrs.messaging.ids import uuid7
from cqrs.models import EventRecord, Pending
from customers.commands import DeactivateCustomer, ImportCustomer, UpdateCustomer
from customers.models import Customer
from tests.support.outside import (
    INSERT_CUSTOMER,
    by_sql,
    everything_fits,
    outside_events,
    parked,
    rename,
    versions,
)
from tests.support.scenarios import accepted, customer, nothing_written
from tests.support.statements import statements

pytestmark = pytest.mark.django_db

NOTHING, ONE = Looked(), Looked(adopted=1)


def look_at(*ids: UUID) -> Looked:
    """Look, and see that a second look has nothing left to do."""
    looked = look("customer", ids)
    with nothing_written():
        assert look("customer", ids) == NOTHING
    assert everything_fits()
    return looked


class TestLook:
    def test_does_nothing_where_all_fits(self):
        ids = [customer(), customer(), uuid7()]
        accepted(UpdateCustomer, customer_id=ids[0], name="Bea")
        with statements("default") as sent:
            assert look_at(*ids) == NOTHING
        assert not any("FOR UPDATE" in each for each in sent)

    def test_adopts_a_change(self):
        ada = customer(email="ada@example.com")
        registered_at = Customer.objects.get().registered_at.isoformat().replace("+00:00", "Z")
        rename(ada, "Grace")
        assert look_at(ada) == ONE
        before = {
            "name": "Ada", "email": "ada@example.com", "is_active": True,
            "registered_at": registered_at,
        }  # fmt: skip
        assert outside_events(ada) == [(2, before, {**before, "name": "Grace"})]
        assert Customer.objects.get().version == 2

    def test_says_where_the_event_comes_from(self):
        ada = customer()
        rename(ada, "Grace")
        look_at(ada)
        event = EventRecord.objects.latest("id")
        assert (event.type, event.stream_type, event.stream_id) == (
            "customers.customer_changed_outside", "customer", ada)  # fmt: skip
        assert (event.metadata["origin"], event.metadata["actor"]) == ("outside", "system")
        assert event.metadata["correlation_id"] == "c0"
        assert Pending.objects.filter(event_id=event.id).exists()

    def test_adopts_two_changes_as_one_and_a_later_one_as_another(self):
        ada = customer()
        rename(ada, "Grace")
        rename(ada, "Edith")
        look_at(ada)
        rename(ada, "Jean")
        look_at(ada)
        names = [(v, before["name"], after["name"]) for v, before, after in outside_events(ada)]
        assert names == [(2, "Ada", "Edith"), (3, "Edith", "Jean")]

    def test_takes_a_change_that_was_undone_for_none(self):
        ada = customer()
        rename(ada, "Grace")
        rename(ada, "Ada")
        assert look_at(ada) == NOTHING

    def test_adopts_a_deletion(self):
        ada = customer()
        by_sql("DELETE FROM customers_customer")
        assert look_at(ada) == ONE
        [(version, before, after)] = outside_events(ada)
        assert (version, before["name"], after) == (2, "Ada", None)

    @pytest.mark.parametrize("version", [0, 1, 7])
    def test_adopts_an_insertion_as_version_1(self, version: int):
        ada = uuid7()
        by_sql(INSERT_CUSTOMER, ada, version, "Ada", "ada@example.com")
        assert look_at(ada) == ONE
        after = {
            "name": "Ada", "email": "ada@example.com", "is_active": True,
            "registered_at": "2020-01-01T10:00:00Z",
        }  # fmt: skip
        assert outside_events(ada) == [(1, None, after)]
        assert Customer.objects.get().version == 1

    def test_lets_an_insertion_continue_the_stream_of_a_deleted_row(self):
        ada = customer()
        by_sql("DELETE FROM customers_customer")
        look_at(ada)
        by_sql(INSERT_CUSTOMER, ada, 1, "Ada", "ada@example.com")
        look_at(ada)
        assert versions(ada) == [
            (1, "registered"), (2, "changed_outside"), (3, "changed_outside"),
        ]  # fmt: skip
        assert [before for _, before, _ in outside_events(ada)][1] is None

    @pytest.mark.parametrize("version", [0, 1, 3, 9])
    def test_repairs_a_version_that_is_not_that_of_the_log(self, version: int):
        ada = customer()
        accepted(UpdateCustomer, customer_id=ada, name="Bea")
        by_sql("UPDATE customers_customer SET version = %s", version)
        with_events = EventRecord.objects.count()
        assert look_at(ada) == Looked(sealed=1)
        assert (Customer.objects.get().version, EventRecord.objects.count()) == (2, with_events)

    @pytest.mark.parametrize("version", [0, 1, 2, 3, 9])
    def test_gives_a_change_the_next_version_whatever_the_row_says(self, version: int):
        ada = customer()
        accepted(UpdateCustomer, customer_id=ada, name="Bea")
        by_sql("UPDATE customers_customer SET name = 'Cy', version = %s", version)
        assert look_at(ada) == ONE
        assert versions(ada)[-1] == (3, "changed_outside")

    def test_finds_a_row_that_was_restored_with_its_digest(self):
        ada = customer()
        [old] = Customer.objects.values()
        accepted(UpdateCustomer, customer_id=ada, name="Bea")
        Customer.objects.update(**old)
        assert Customer.objects.get().is_unchanged
        assert look_at(ada) == ONE
        [(version, before, after)] = outside_events(ada)
        assert (version, before["name"], after["name"]) == (3, "Bea", "Ada")

    def test_seals_what_a_build_without_digests_wrote(self):
        ada = customer()
        by_sql("UPDATE customers_customer SET digest = NULL")
        assert look_at(ada) == Looked(sealed=1)
        assert outside_events(ada) == []

    def test_adopts_what_came_after_events_of_every_kind(self):
        ada = customer()
        accepted(UpdateCustomer, customer_id=ada, name="Bea")
        accepted(DeactivateCustomer, customer_id=ada)
        by_sql("UPDATE customers_customer SET is_active = true")
        look_at(ada)
        [(_, before, after)] = outside_events(ada)
        assert (before["name"], before["is_active"], after["is_active"]) == ("Bea", False, True)
        assert accepted(DeactivateCustomer, customer_id=ada).version == 5

    def test_agrees_with_the_audit_afterwards(self):
        ids = [customer() for _ in range(4)]
        accepted(DeactivateCustomer, customer_id=ids[0])
        by_sql("UPDATE customers_customer SET name = 'X', is_active = true")
        by_sql("DELETE FROM customers_customer WHERE id = %s", ids[1])
        assert len(list(audit())) == 4
        assert look_at(*ids) == Looked(adopted=4)
        assert list(audit()) == []

    def test_looks_at_more_than_one_chunk(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("cqrs.adoption.looking.CHUNK", 3)
        ids = [customer() for _ in range(10)]
        by_sql("UPDATE customers_customer SET name = 'X'")
        assert look_at(*ids, *ids) == Looked(adopted=10)

    def test_takes_no_more_statements_for_many_than_for_one(self):
        def sent(ids: list[UUID]) -> int:
            by_sql("UPDATE customers_customer SET name = name || 'X'")
            with statements("default") as found:
                assert look("customer", ids) == Looked(adopted=len(ids))
            return len(found)

        first = customer()
        few = sent([first])
        assert sent([first, customer(), customer()]) == few

    def test_logs_numbers_and_no_texts(self, caplog: pytest.LogCaptureFixture):
        ada = customer()
        rename(ada, "Grace Hopper")
        look_at(ada)
        assert "Grace" not in caplog.text

    def test_creates_again_what_was_deleted(self):
        ada = customer()
        by_sql("DELETE FROM customers_customer")
        state = accepted(
            ImportCustomer, customer_id=ada, name="Ada", email="ada@example.com",
            registered_at="2020-01-01T00:00:00Z",
        )  # fmt: skip
        assert state.version == 3
        assert versions(ada) == [(1, "registered"), (2, "changed_outside"), (3, "registered")]
        assert parked() == []
