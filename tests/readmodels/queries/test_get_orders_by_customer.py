import pytest

from cqrs.messaging.ids import uuid7
from readmodels.queries import GetOrdersByCustomer
from tests.readmodels.queries.asking import ids, page_of, texts, wrong
from tests.support.log import Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


class TestGetOrdersByCustomer:
    def test_lists_the_orders_of_one_customer(self, log: Log) -> None:
        ada, bo = log.customer("Ada"), log.customer("Bo")
        first, second = log.order(ada), log.order(ada, total="30.00")
        log.order(bo)
        log.projected()
        assert ids(GetOrdersByCustomer, customer_id=ada) == texts(second, first)
        assert ids(GetOrdersByCustomer, customer_id=ada, max_total="20") == texts(first)

    def test_finds_nothing_for_an_unknown_customer(self) -> None:
        page = page_of(GetOrdersByCustomer, customer_id=uuid7())
        assert (page.count, page.documents) == (0, [])

    def test_refuses_what_list_orders_refuses(self) -> None:
        assert wrong(GetOrdersByCustomer, customer_id=uuid7(), status="lost", page_size="0") == {
            "status": "unknown_status",
            "page_size": "greater_than_equal",
        }

    def test_takes_the_customer_from_the_path_alone(self) -> None:
        assert "customer_id" in GetOrdersByCustomer.server_set_fields()
