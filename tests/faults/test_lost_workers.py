"""Without a worker, commands go on; what they did is seen when a worker is back."""

from cqrs.messaging.ids import uuid7
from tests.faults.conftest import OutageDesk
from tests.support.desk import order_body, registered, wait_for
from tests.support.sides import assert_agree, is_level


class TestWithoutWorkers:
    def test_commands_go_on_and_their_events_are_applied_later(self, outage: OutageDesk) -> None:
        desk = outage.desk
        desk.start(WORKER="0")
        with desk.client() as api:
            customer = registered(api, f"{uuid7()}@example.com")
            placed = api.post("/api/orders", json=order_body(customer))
            assert placed.status_code == 201, placed.text
            order = placed.json()["id"]
            assert api.post(f"/api/orders/{order}/confirm").status_code == 200
            assert api.get(f"/api/orders/{order}").status_code == 404

            outage.heal()
            wait_for(lambda: is_level(desk))
            assert api.get(f"/api/orders/{order}").json()["status"] == "confirmed"
        assert_agree(desk)
