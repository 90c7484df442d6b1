"""Every query at its address: the shapes of documents and lists, and parameters that are wrong."""

import pytest

from orders.commands import CreateOrder
from tests.http.api import Api, assert_problem, wrong
from tests.support import scenarios
from tests.support.scenarios import ADDRESS, accepted, content, line

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

ORDER = {
    "id", "customer_id", "customer_name", "customer_email", "status", "items", "total_amount",
    "currency", "item_count", "order_date", "updated_at", "shipping_address",
    "special_instructions", "carrier", "tracking_number", "version",
}  # fmt: skip
ITEM = {"product_id", "product_name", "quantity", "unit_price", "currency", "line_total"}
CUSTOMER = {
    "id", "name", "email", "is_active", "registered_at", "order_count", "open_order_count",
    "cancelled_count", "totals", "last_order_at", "version",
}  # fmt: skip
PAGE = {"count", "page", "page_size", "next", "previous", "results"}


@pytest.fixture
def customer(api: Api) -> str:
    """Return a customer with 7 orders, the last one cancelled, all projected."""
    customer = scenarios.customer(name="Ada", email="ada@example.com")
    orders = [accepted(CreateOrder, **content(customer, line(quantity=2))) for _ in range(7)]
    api.post(f"/api/orders/{orders[-1].id}/cancel")
    scenarios.order()
    api.projected()
    return str(customer)


def results(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [document["id"] for document in answer.json()["results"]]


class TestDocuments:
    def test_shows_an_order(self, api: Api, customer: str):
        order = results(api.get(f"/api/customers/{customer}/orders?status=pending"))[0]
        answer = api.get(f"/api/orders/{order}")
        document = answer.json()
        assert set(document) == ORDER
        assert (document["customer_name"], document["customer_email"]) == ("Ada", "ada@example.com")
        assert (document["total_amount"], document["item_count"]) == ("20.00", 1)
        assert set(document["items"][0]) == ITEM
        assert all(part in document["shipping_address"] for part in ADDRESS.values())
        version, digest = answer["ETag"].strip('"').split(".")
        assert (version, len(digest)) == ("1", 16)

    def test_shows_a_customer(self, api: Api, customer: str):
        document = api.get(f"/api/customers/{customer}").json()
        assert set(document) == CUSTOMER
        assert document["order_count"] == 7
        assert document["open_order_count"] == 6
        assert document["cancelled_count"] == 1
        assert document["totals"] == [{"currency": "USD", "amount": "120.00"}]

    def test_gives_a_tag_that_a_command_takes(self, api: Api, customer: str):
        order = results(api.get(f"/api/customers/{customer}/orders?status=pending"))[0]
        tag = api.get(f"/api/orders/{order}")["ETag"]
        assert api.post(f"/api/orders/{order}/confirm", If_Match=tag).status_code == 200
        assert_problem(api.post(f"/api/orders/{order}/ship", If_Match=tag), 412, "version_conflict")


class TestLists:
    @pytest.mark.parametrize("path", ["/api/orders", "/api/customers"])
    def test_shows_a_page_of_ten(self, api: Api, customer: str, path: str):
        page = api.get(path).json()
        assert set(page) >= PAGE
        assert (page["page"], page["page_size"]) == (1, 10)
        assert page["count"] == len(page["results"])
        assert (page["next"], page["previous"]) == (None, None)

    def test_links_the_pages_and_keeps_the_parameters(self, api: Api, customer: str):
        url = f"/api/customers/{customer}/orders?page_size=3&status=pending&status=cancelled"
        seen, previous = [], None
        while url:
            answer = api.get(url)
            page = answer.json()
            assert page["count"] == 7
            assert page["previous"] == previous
            seen += results(answer)
            assert len(page["results"]) <= 3
            previous, url = answer.wsgi_request.build_absolute_uri(), page["next"]
            if url:
                assert "status=pending&status=cancelled" in url
                previous = previous if "page=" in previous else f"{previous}&page=1"
        assert len(seen) == len(set(seen)) == 7

    def test_answers_nothing_for_an_unknown_customer(self, api: Api):
        page = api.get("/api/customers/018f0000-0000-7000-8000-000000000000/orders").json()
        assert (page["count"], page["results"]) == (0, [])

    def test_has_no_page_past_the_end(self, api: Api, customer: str):
        assert_problem(api.get("/api/orders?page=2"), 404, "not_found")
        assert_problem(api.get(f"/api/orders?page={10**30}"), 404, "not_found")

    @pytest.mark.parametrize("status", ["pending", "cancelled", "shipped"])
    def test_narrows(self, api: Api, customer: str, status: str):
        count = {"pending": 6, "cancelled": 1, "shipped": 0}[status]
        path = f"/api/customers/{customer}/orders?status={status}"
        assert len(results(api.get(path))) == count


class TestCursors:
    @pytest.mark.parametrize("ordering", ["-order_date", "total_amount", "customer_name"])
    def test_link_the_pages_both_ways(self, api: Api, customer: str, ordering: str):
        start = f"/api/customers/{customer}/orders?cursor=&page_size=3&ordering={ordering}"
        pages, url = [], start
        while url:
            answer = api.get(url)
            pages.append(answer.json())
            url = pages[-1]["next"]
        assert [len(page["results"]) for page in pages] == [3, 3, 1]
        assert all(set(page) >= PAGE for page in pages)
        assert {(page["count"], page["page"], page["page_size"]) for page in pages} == {
            (None, None, 3)
        }
        assert pages[0]["previous"] is None
        for page, before in zip(pages[:0:-1], pages[-2::-1], strict=True):
            assert api.get(page["previous"]).json()["results"] == before["results"]
            assert "page_size=3" in page["previous"]

    @pytest.mark.parametrize("path", ["/api/customers", "/api/products"])
    def test_are_there_for_every_list(self, api: Api, customer: str, path: str):
        answer = api.get(f"{path}?cursor=")
        assert answer.status_code == 200
        assert answer.json()["count"] is None

    @pytest.mark.parametrize(
        "query", ["cursor=x", "cursor=&page=1", "cursor=a&cursor=b", "cursor=%00", "page=2&cursor="]
    )
    def test_are_named_when_they_are_wrong(self, api: Api, query: str):
        for path in ("/api/orders", "/api/customers", "/api/products"):
            assert set(wrong(api.get(f"{path}?{query}"))) == {"cursor"}

    def test_of_another_ordering_are_refused(self, api: Api, customer: str):
        link = api.get("/api/orders?cursor=&page_size=2").json()["next"]
        assert set(wrong(api.get(f"{link}&ordering=total_amount"))) == {"cursor"}


class TestParameters:
    @pytest.mark.parametrize(
        ("query", "fields"),
        [
            ("nothing=1", {"nothing"}),
            ("page=0", {"page"}),
            ("page=x&page_size=101", {"page", "page_size"}),
            ("page_size=0", {"page_size"}),
            ("page=1&page=2", {"page"}),
            ("search=a&search=b", {"search"}),
            ("ordering=price", {"ordering"}),
            ("status=gone", {"status"}),
            ("status=PENDING", {"status"}),
            ("customer_id=7", {"customer_id"}),
            ("currency=usd", {"currency"}),
            ("from_date=yesterday&to_date=2026-13-01", {"from_date", "to_date"}),
            ("from_date=2026-01-01T00:00:00", {"from_date"}),
            ("min_total=x&max_total=NaN", {"min_total", "max_total"}),
            ("wait_s=1", {"wait_s"}),
            ("consistency_token=1", {"consistency_token"}),
            ("search=%00", {"search"}),
        ],
    )
    def test_names_each_that_is_wrong(self, api: Api, query: str, fields: set[str]):
        assert set(wrong(api.get(f"/api/orders?{query}"))) == fields

    def test_does_not_take_the_paths_customer_from_the_query_string(self, api: Api):
        path = f"/api/customers/{scenarios.customer()}/orders?customer_id={scenarios.customer()}"
        assert set(wrong(api.get(path))) == {"customer_id"}

    @pytest.mark.parametrize("query", ["is_active=maybe", "ordering=email", "status=pending"])
    def test_names_each_that_is_wrong_of_customers(self, api: Api, query: str):
        assert set(wrong(api.get(f"/api/customers?{query}"))) == {query.split("=")[0]}

    @pytest.mark.parametrize(
        "query", ["is_active=true", "is_active=false", "search=", "ordering=-name"]
    )
    def test_takes_what_is_right(self, api: Api, query: str):
        assert api.get(f"/api/customers?{query}").status_code == 200

    def test_are_refused_where_one_document_is_asked_for(self, api: Api):
        assert set(wrong(api.get(f"/api/orders/{scenarios.order()}?page=1"))) == {"page"}
