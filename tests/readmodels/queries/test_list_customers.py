from datetime import timedelta
from unicodedata import normalize

import pytest
from django.core.exceptions import PermissionDenied

from cqrs.messaging import bus
from cqrs.messaging.context import Context, use_context
from readmodels.queries import ListCustomers
from tests.readmodels.queries.asking import ids, keys, page_of, texts, wrong
from tests.support.log import PLACED, REGISTERED, Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


class TestListCustomers:
    def test_filters_by_activity(self, log: Log) -> None:
        active, gone = log.customer(), log.customer()
        log.deactivate(gone)
        log.projected()
        assert ids(ListCustomers, is_active="true") == texts(active)
        assert ids(ListCustomers, is_active="false") == texts(gone)
        assert ids(ListCustomers) == texts(gone, active)

    def test_searches_names_addresses_and_ids(self, log: Log) -> None:
        ada, bo = log.customer("Ada", "x@example.com"), log.customer("Bo", "y@example.com")
        log.projected()
        assert ids(ListCustomers, search="ADA") == texts(ada)
        assert ids(ListCustomers, search="y@ bo") == texts(bo)
        assert ids(ListCustomers, search=str(bo)) == texts(bo)
        assert ids(ListCustomers, search="ada bo") == []

    def test_orders_by_registration_unless_asked_otherwise(self, log: Log) -> None:
        dates = [REGISTERED + timedelta(days=n) for n in (1, 0, 2)]
        customers = [log.customer(registered_at=date) for date in dates]
        log.projected()
        latest_first = texts(customers[2], customers[0], customers[1])
        assert ids(ListCustomers) == latest_first
        assert ids(ListCustomers, ordering="registered_at") == latest_first[::-1]

    def test_orders_those_who_never_ordered_before_all_others(self, log: Log) -> None:
        early, never, late, nor_ever = (log.customer(name) for name in "abcd")
        log.order(early)
        log.order(late, order_date=PLACED + timedelta(days=1))
        log.projected()
        ascending = texts(never, nor_ever, early, late)
        assert ids(ListCustomers, ordering="last_order_at") == ascending
        assert ids(ListCustomers, ordering="-last_order_at") == ascending[::-1]

    def test_orders_by_name_and_by_number_of_orders(self, log: Log) -> None:
        bo, ada = log.customer("Bo"), log.customer("Ada")
        log.order(bo)
        log.projected()
        for ordering in ("name", "order_count"):
            assert ids(ListCustomers, ordering=ordering) == texts(ada, bo)
            assert ids(ListCustomers, ordering=f"-{ordering}") == texts(bo, ada)

    def test_answers_by_the_page(self, log: Log) -> None:
        for _ in range(3):
            log.customer()
        log.projected()
        page = page_of(ListCustomers, page_size="2")
        assert (page.count, page.has_next, len(page.documents)) == (3, True, 2)

    def test_refuses_unknown_values(self) -> None:
        assert wrong(ListCustomers, is_active="perhaps", ordering="email", page="0", q="x") == {
            "is_active": "bool_parsing",
            "ordering": "literal_error",
            "page": "greater_than_equal",
            "q": "extra_forbidden",
        }

    def test_refuses_a_user_who_may_not_see_customers(self) -> None:
        may = Context(permissions=frozenset({"readmodels.view_orders"}))
        with use_context(may), pytest.raises(PermissionDenied, match="view_customers"):
            bus.ask(ListCustomers, {})


class TestUnicodeForms:
    @pytest.mark.parametrize("stored", ["NFC", "NFD"])
    @pytest.mark.parametrize("asked", ["NFC", "NFD"])
    def test_do_not_count(self, log: Log, stored: str, asked: str) -> None:
        city = normalize(stored, "Zoë Zürich")
        zoe = log.customer(city)
        log.customer("Zoe Zurich")
        log.projected()
        found = page_of(ListCustomers, search=normalize(asked, "ZÜRICH zoë"))
        assert keys(found) == [str(zoe)]
        assert city in found.documents[0], "what is shown is what was written"
