"""One address is one customer, in whatever spelling; what is shown is what was written."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from cqrs.messaging.ids import uuid7
from customers.commands import RegisterCustomer, UpdateCustomer
from customers.models import Customer
from tests.support.migrating import migrate_to_the_latest
from tests.support.scenarios import accepted, customer, refused

NFC = "u@ex\u00e4mple.com"
OTHERS = ["u@exa\u0308mple.com", "U@EX\u00c4MPLE.com", "u@xn--exmple-cua.com"]
INSERT = """
INSERT INTO customers_customer (id, version, name, email, is_active, registered_at)
VALUES (%s, 1, 'Ada', %s, true, %s)
"""


@pytest.mark.django_db
class TestSpellings:
    @pytest.mark.parametrize("email", OTHERS)
    def test_are_refused_as_one_address(self, email: str):
        customer(email=NFC)
        assert refused(RegisterCustomer, name="Bea", email=email).code == "email_taken"
        bea = customer(email="bea@example.com")
        assert refused(UpdateCustomer, customer_id=bea, email=email).code == "email_taken"

    def test_are_shown_as_written(self):
        assert accepted(RegisterCustomer, name="Ada", email=OTHERS[1]).email == OTHERS[1]

    def test_are_as_written_where_the_domain_stands_for_no_text(self):
        email = "u@xn--a-rc4g.com"  # IDNA of a lone surrogate
        assert accepted(RegisterCustomer, name="Ada", email=email).email == email

    def test_can_be_changed_to_one_another(self):
        ada = customer(email=NFC)
        assert accepted(UpdateCustomer, customer_id=ada, email=OTHERS[0]).email == OTHERS[0]

    @pytest.mark.bypasses_events
    def test_are_refused_when_another_program_has_written_the_row(self):
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [uuid7(), "Ada@example.com", "2020-01-01"])
        assert refused(RegisterCustomer, name="Bea", email="aDA@example.com").code == "email_taken"


@pytest.mark.administrator
@pytest.mark.bypasses_events
@pytest.mark.django_db(transaction=True)
class TestMigration:
    @pytest.fixture(autouse=True)
    def _before(self):
        MigrationExecutor(connection).migrate([("customers", "0001_initial")])
        yield
        migrate_to_the_latest("customers")

    def test_leaves_customers_who_have_one_address_as_they_are(self):
        first, second, third = uuid7(), uuid7(), uuid7()
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [second, OTHERS[2], "2021-01-01"])
            cursor.execute(INSERT, [first, NFC, "2020-01-01"])
            cursor.execute(INSERT, [third, "Ada@example.com", "2020-01-01"])
        migrate_to_the_latest("customers")
        found = dict(Customer.objects.values_list("id", "email_key"))
        assert found == {first: NFC, second: None, third: "ada@example.com"}
        assert accepted(UpdateCustomer, customer_id=second, name="Bea").email == OTHERS[2]
        assert refused(RegisterCustomer, name="Cy", email=OTHERS[0]).code == "email_taken"
