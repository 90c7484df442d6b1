import pytest
from django.test import override_settings
from django.utils import timezone

from config.database.embedded.ports import free_port
from cqrs.messaging.ids import uuid7
from cqrs.models import EventRecord
from customers.commands import UpdateCustomer
from customers.models import Customer
from customers.public import ImportCustomer, placeholder
from orders.commands import CreateOrder, ShipOrder
from orders.commands.confirm_order import ConfirmOrder
from tests.support.reacting import deployed, failures, make_due, run
from tests.support.scenarios import accepted, content, customer, order

pytestmark = pytest.mark.django_db


def ship(buyer, **details):
    order_id = accepted(CreateOrder, **content(buyer)).id
    accepted(ConfirmOrder, order_id=order_id)
    accepted(ShipOrder, order_id=order_id, **details)
    return order_id


class TestNotifyShipment:
    def test_writes_to_the_customers_present_address(self, mailoutbox):
        buyer = customer(name="Ada", email="old@example.com")
        order_id = ship(buyer, carrier="UPS", tracking_number="1Z9")
        accepted(UpdateCustomer, customer_id=buyer, name="Ada L.", email="new@example.com")
        assert run(deployed("notify_shipment")) == 1
        [mail] = mailoutbox
        assert mail.to == ["new@example.com"]
        assert mail.subject == f"Order {order_id} is on its way"
        assert "Hello Ada L.,\n" in mail.body
        assert "UPS 1Z9" in mail.body
        shipped = EventRecord.objects.get(type="orders.order_shipped")
        assert mail.message()["Message-ID"] == f"<{shipped.event_id}@order-desk.invalid>"

    @pytest.mark.parametrize("status", ["pending", "confirmed"])
    def test_says_nothing_before_the_shipment(self, mailoutbox, status):
        order(status=status)
        assert run(deployed("notify_shipment")) == 0
        assert mailoutbox == []

    def test_says_nothing_more_at_the_delivery(self, mailoutbox):
        order(status="delivered")
        assert run(deployed("notify_shipment")) == 1
        assert len(mailoutbox) == 1

    def test_does_without_carrier_and_number(self, mailoutbox):
        ship(customer())
        run(deployed("notify_shipment"))
        assert mailoutbox[0].body.endswith("your order has left our house.\n")

    def test_waits_for_a_dead_mail_server_to_come_back(self, mailoutbox):
        backend = "cqrs.reactions.outgoing.EmailBackend"
        with override_settings(
            EMAIL_BACKEND=backend, EMAIL_HOST="127.0.0.1", EMAIL_PORT=free_port()
        ):
            first, second = ship(customer()), ship(customer())
            assert run(deployed("notify_shipment")) == 2
        assert len(failures()) == 2
        make_due()
        assert run(deployed("notify_shipment")) == 2
        subjects = {mail.subject for mail in mailoutbox}
        assert subjects == {f"Order {each} is on its way" for each in (first, second)}

    def test_needs_the_customer_that_the_event_names(self, mailoutbox):
        order_id = ship(buyer := customer(email="ada@example.com"))
        run(deployed("notify_shipment"))
        shipped = EventRecord.objects.get(type="orders.order_shipped", stream_id=order_id)
        assert shipped.data["customer_id"] == str(buyer)
        assert mailoutbox[0].to == [Customer.objects.get(pk=buyer).email]

    def test_sends_nothing_to_a_customer_imported_without_an_address(self, mailoutbox):
        key, address = uuid7(), placeholder(uuid7())
        accepted(ImportCustomer, customer_id=key, name="Old", email=address,
                 registered_at=timezone.now())  # fmt: skip
        ship(key)
        assert run(deployed("notify_shipment")) == 1
        assert (mailoutbox, failures()) == ([], [])
