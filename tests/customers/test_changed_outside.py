"""Customers that another program changes keep a key of their address that no other one has."""

import pytest

from cqrs.adoption.adopting import Looked
from cqrs.adoption.looking import look
from customers.commands import RegisterCustomer, UpdateCustomer
from customers.models import Customer
from tests.support.outside import by_sql
from tests.support.scenarios import accepted, customer, refused

pytestmark = pytest.mark.django_db

CHANGE = "UPDATE customers_customer SET email = %s WHERE id = %s"


def keys() -> list[str | None]:
    return list(Customer.objects.order_by("id").values_list("email_key", flat=True))


class TestAddress:
    def test_gets_its_key(self):
        ada = customer(email="ada@example.com")
        by_sql(CHANGE, "GRACE@exämple.com", ada)
        assert look("customer", [ada]) == Looked(adopted=1)
        assert keys() == ["grace@exämple.com"]
        code = refused(RegisterCustomer, name="Bea", email="grace@xn--exmple-cua.com").code
        assert code == "email_taken"

    def test_has_no_key_when_another_customer_has_it(self):
        customer(email="u@exämple.com")
        bea = customer(email="bea@example.com")
        by_sql(CHANGE, "u@xn--exmple-cua.com", bea)
        assert look("customer", [bea]) == Looked(adopted=1)
        assert keys() == ["u@exämple.com", None]
        assert accepted(UpdateCustomer, customer_id=bea, name="Bea").version == 3

    def test_has_one_key_when_two_change_to_it_at_once(self):
        both = [customer(), customer()]
        for key, email in zip(both, ["u@exämple.com", "u@xn--exmple-cua.com"], strict=True):
            by_sql(CHANGE, email, key)
        assert look("customer", both) == Looked(adopted=2)
        assert keys() == ["u@exämple.com", None]

    def test_leaves_the_key_to_a_customer_whose_row_is_not_looked_at(self):
        ada, bea = customer(email="ada@example.com"), customer(email="bea@example.com")
        by_sql(CHANGE, "cy@example.com", ada)
        by_sql(CHANGE, "ada@example.com", bea)
        assert look("customer", [bea]) == Looked(adopted=1)
        assert look("customer", [ada]) == Looked(adopted=1)
        assert keys() == ["cy@example.com", None]
