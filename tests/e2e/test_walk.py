"""The way that the README shows, over real HTTP against a desk that really serves."""

import httpx
import pytest

from cqrs.messaging.ids import uuid7
from tests.support.desk import PASSWORD, Desk, order_body, registered, wait_for


@pytest.fixture
def api(desk: Desk):
    with desk.client() as client:
        yield client


def shown(api: httpx.Client, order_id: str, status: str) -> dict | None:
    answer = api.get(f"/api/orders/{order_id}")
    return answer.json() if answer.is_success and answer.json()["status"] == status else None


class TestTheWayOfAnOrder:
    def test_goes_from_the_token_to_the_page_of_the_customers_orders(self, api: httpx.Client):
        email = f"{uuid7()}@example.com"
        customer = registered(api, email)

        placed = api.post("/api/orders", json=order_body(customer))
        assert placed.status_code == 201
        order = placed.json()["id"]
        assert placed.headers["Location"] == f"/api/orders/{order}"
        assert placed.json()["total_amount"] == "299.80"

        document = wait_for(lambda: shown(api, order, "pending"))
        assert document["customer_name"] == "Ada Example"
        assert document["customer_email"] == email
        assert document["total_amount"] == "299.80"

        assert api.post(f"/api/orders/{order}/confirm").status_code == 200
        shipping = {"carrier": "DHL", "tracking_number": "42"}
        shipped = api.post(f"/api/orders/{order}/ship", json=shipping)
        assert shipped.status_code == 200
        document = wait_for(lambda: shown(api, order, "shipped"))
        assert (document["carrier"], document["tracking_number"]) == ("DHL", "42")

    def test_reads_its_own_writes_with_the_consistency_token(self, api: httpx.Client):
        customer = registered(api, f"{uuid7()}@example.com")
        for number in range(1, 11):
            placed = api.post("/api/orders", json=order_body(customer))
            token = {"X-Consistency-Token": placed.headers["X-Consistency-Token"]}
            page = api.get(f"/api/customers/{customer}/orders", headers=token)
            assert page.status_code == 200
            assert page.json()["count"] == number

    def test_pages_through_the_customers_orders(self, api: httpx.Client):
        customer = registered(api, f"{uuid7()}@example.com")
        placed = [
            api.post("/api/orders", json=order_body(customer), headers={"Prefer": "wait=5"})
            for _ in range(7)
        ]
        assert [answer.headers.get("Preference-Applied") for answer in placed] == ["wait=5"] * 7

        found, url = [], f"/api/customers/{customer}/orders?page_size=3"
        while url:
            page = api.get(url).json()
            assert page["count"] == 7
            found += [order["id"] for order in page["results"]]
            url = page["next"]
        assert found == [answer.json()["id"] for answer in placed][::-1]

    def test_answers_a_repeated_request_once(self, api: httpx.Client):
        customer = registered(api, f"{uuid7()}@example.com")
        key = {"Idempotency-Key": str(uuid7())}
        first, again = [
            api.post("/api/orders", json=order_body(customer), headers=key) for _ in range(2)
        ]
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["Idempotency-Replayed"] == "true"


class TestWhatNeedsNoToken:
    @pytest.mark.parametrize(
        "path",
        ["/api/schema", "/api/docs", "/health/live", "/health/ready", "/health/startup"],
    )
    def test_is_answered(self, desk: Desk, path: str):
        assert httpx.get(desk.url + path).status_code == 200

    def test_includes_the_files_that_the_documentation_needs(self, desk: Desk):
        page = httpx.get(f"{desk.url}/api/docs").text
        assert "//cdn" not in page
        for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
            path = f"/static/drf_spectacular_sidecar/swagger-ui-dist/{name}"
            assert path in page
            assert httpx.get(desk.url + path).status_code == 200

    def test_leads_from_the_root_to_the_documentation(self, desk: Desk):
        answer = httpx.get(desk.url, follow_redirects=True)
        assert answer.url.path == "/api/docs"

    def test_says_what_it_is_ready_for(self, desk: Desk):
        assert httpx.get(f"{desk.url}/health/live").json() == {"status": "ok"}
        ready = httpx.get(f"{desk.url}/health/ready").json()
        assert ready["status"] == "ok"
        checks = {"write_database": "up", "read_database": "up", "redis": "in process"}
        assert ready["checks"] == checks
        assert ready["breakers"] == {"default": "closed", "replica": "closed"}

    def test_refuses_everything_else(self, desk: Desk):
        answer = httpx.get(f"{desk.url}/api/orders")
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_authenticated"


class TestDemoData:
    def test_is_there_and_projected_as_soon_as_the_desk_is_ready(self, api: httpx.Client):
        assert api.get("/api/orders").json()["count"] >= 300
        statuses = {
            status: api.get(f"/api/orders?status={status}").json()["count"]
            for status in ("pending", "confirmed", "shipped", "delivered", "cancelled")
        }
        assert min(statuses.values()) > 0

    @pytest.mark.parametrize(
        ("user", "places", "confirms"),
        [("clerk", 404, 403), ("warehouse", 403, 404), ("viewer", 403, 403), ("admin", 404, 404)],
    )
    def test_lets_each_demo_user_do_what_the_role_may(
        self, desk: Desk, user: str, places: int, confirms: int
    ):
        with desk.client(user) as client:
            missing = str(uuid7())
            assert client.get("/api/orders").status_code == 200
            placed = client.post("/api/orders", json=order_body(missing))
            assert placed.status_code == places
            assert client.post(f"/api/orders/{missing}/confirm").status_code == confirms

    def test_is_browsed_in_the_admin_after_a_login(self, desk: Desk):
        with httpx.Client(base_url=desk.url, follow_redirects=True) as browser:
            browser.get("/admin/login/")
            answer = browser.post(
                "/admin/login/?next=/admin/readmodels/orderreadmodel/",
                data={
                    "username": "viewer",
                    "password": PASSWORD,
                    "csrfmiddlewaretoken": browser.cookies["csrftoken"],
                },
            )
            assert answer.status_code == 200
            assert answer.url.path == "/admin/readmodels/orderreadmodel/"
            assert answer.text.count("/change/") >= 50  # a link to each order of the page
