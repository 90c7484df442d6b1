"""What clients get when another program has changed what they send commands to."""

import pytest

from tests.http.api import Api, assert_problem
from tests.support.outside import by_sql, insert_event, rename
from tests.support.scenarios import customer, order

pytestmark = pytest.mark.django_db


class TestAnswer:
    def test_has_the_version_after_the_adoption(self, api: Api):
        ada = customer()
        rename(ada, "Grace")
        answer = api.patch(f"/api/customers/{ada}", {"email": "g@example.com"})
        assert (answer.status_code, answer["ETag"], answer.json()["name"]) == (200, '"3"', "Grace")

    def test_is_412_to_the_tag_from_before(self, api: Api):
        ada = customer()
        rename(ada, "Grace")
        answer = api.patch(f"/api/customers/{ada}", {"name": "Bea"}, If_Match='"1"')
        assert_problem(answer, 412, "version_conflict")

    @pytest.mark.bypasses_events
    def test_is_409_for_what_is_parked(self, api: Api):
        key = order()
        by_sql("UPDATE orders_order SET total_amount = 1")
        assert_problem(api.post(f"/api/orders/{key}/confirm"), 409, "changed_outside")

    @pytest.mark.bypasses_events
    def test_is_409_for_what_has_an_event_that_cannot_be_read(self, api: Api):
        key = order()
        insert_event("order", key, 2, "orders.order_confirmed", f'{{"order_id": "{key}"}}')
        assert_problem(api.post(f"/api/orders/{key}/confirm"), 409, "changed_outside")

    @pytest.mark.bypasses_events
    def test_is_503_for_what_a_newer_build_wrote(self, api: Api):
        ada = customer()
        by_sql("UPDATE customers_customer SET digest = '2:0'")
        answer = api.patch(f"/api/customers/{ada}", {"name": "Bea"})
        assert_problem(answer, 503, "write_side_newer")
        assert answer["Retry-After"] == "1"
