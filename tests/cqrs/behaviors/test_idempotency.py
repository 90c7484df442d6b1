"""The same key: the same answer, and one effect."""

from dataclasses import replace

import pytest
from django.utils import timezone

from cqrs.behaviors import idempotency
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.preconditions import Precondition
from cqrs.messaging.results import FieldError, Ok, Rejected
from cqrs.models import IdempotentAnswer
from customers.commands import ImportCustomer, RegisterCustomer
from orders.commands import CancelOrder, ConfirmOrder, CreateOrder, ImportOrder, SetStock
from orders.models import Order
from tests.support.keyed import KEY, acting, code, send
from tests.support.scenarios import content, customer, line, nothing_written, order, product, stock


@pytest.mark.django_db
class TestSameKey:
    def test_gives_the_first_answer_again_and_writes_nothing(self):
        payload = content(customer(), line(product(5), 2), special_instructions="Ring twice")
        first = send(CreateOrder, **payload)
        with nothing_written():
            again = send(CreateOrder, **payload)
        assert again == Ok(first.value, replayed=True)
        assert again.value.model_dump_json() == first.value.model_dump_json()
        assert not first.replayed

    def test_gives_it_also_when_the_aggregate_has_moved_on(self):
        order_id = order()
        first = send(ConfirmOrder, order_id=order_id)
        bus.send(CancelOrder, {"order_id": order_id})
        assert send(ConfirmOrder, order_id=order_id) == Ok(first.value, replayed=True)

    @pytest.mark.parametrize(
        ("refused", "remedy"),
        [("out_of_stock", {"on_hand": 10}), ("not_found", None), ("currency_mismatch", None)],
    )
    def test_gives_a_refusal_again_when_it_would_not_be_one_any_more(self, refused, remedy):
        lamp, buyer = product(1), customer()
        payload = {
            "out_of_stock": content(buyer, line(lamp, 2)),
            "not_found": content(uuid7(), line(lamp)),
            "currency_mismatch": content(buyer, line(currency="EUR"), line(currency="USD")),
        }[refused]
        first = send(CreateOrder, **payload)
        assert (first.code, first.replayed) == (refused, False)
        if remedy:
            bus.send(SetStock, {"product_id": lamp, **remedy})
        with nothing_written():
            assert send(CreateOrder, **payload) == replace(first, replayed=True)
        assert code(send(CreateOrder, key="another", **payload)) == ("ok" if remedy else refused)

    def test_stores_a_refusal_and_nothing_of_what_came_before_it(self):
        lamp = product(5)
        payload = content(customer(), line(lamp, 2, currency="EUR"), line(currency="USD"))
        with nothing_written():
            assert send(CreateOrder, **payload).code == "currency_mismatch"
        assert stock(lamp) == (5, 0, 1)
        assert IdempotentAnswer.objects.get().answer["code"] == "currency_mismatch"

    def test_replays_a_version_conflict(self):
        order_id = order()
        first = send(ConfirmOrder, order_id=order_id, expected_version=7)
        assert first.code == "version_conflict"
        again = send(ConfirmOrder, order_id=order_id, expected_version=7)
        assert again == replace(first, replayed=True)

    def test_takes_a_tag_of_the_first_epoch_for_its_version(self):
        # So were answers stored before tags named an epoch.
        asked = {"order_id": order()}
        first = send(ConfirmOrder, **asked, expected_version=1)
        again = send(ConfirmOrder, **asked, expected_version=Precondition(match=((1, 0),)))
        assert again == Ok(first.value, replayed=True)
        for match in (((1, 77),), ((1, 0), (2, 0)), "*"):
            other = send(ConfirmOrder, **asked, expected_version=Precondition(match=match))
            assert other.code == "idempotency_key_reused"

    def test_takes_what_was_not_given_for_what_is_empty(self):
        # An interface passes on that no version is expected; another one does not.
        first = send(RegisterCustomer, name="Ada", email="a@example.com", expected_version=None)
        again = send(RegisterCustomer, name="Ada", email="a@example.com")
        assert again == Ok(first.value, replayed=True)

    def test_keeps_the_wrong_fields_of_a_refusal(self):
        wrong = Rejected("closed", "No", (FieldError("items.0", "gone", "It is gone"),))
        stored = idempotency._as_json(wrong)
        dispatch = bus.pipeline.Dispatch(CreateOrder, {})
        assert idempotency._load(dispatch, stored) == replace(wrong, replayed=True)

    def test_works_without_a_key_as_ever(self):
        payload = content(customer())
        assert code(bus.send(CreateOrder, payload)) == code(bus.send(CreateOrder, payload)) == "ok"
        assert not IdempotentAnswer.objects.exists()


@pytest.mark.django_db
class TestAnotherMessage:
    def test_another_body_is_refused_whatever_the_answer_was(self):
        buyer = customer()
        send(CreateOrder, **content(buyer))
        send(CreateOrder, key="refused", **content(uuid7()))
        with nothing_written():
            for key in (KEY, "refused"):
                assert code(send(CreateOrder, key, **content(buyer))) == "idempotency_key_reused"

    def test_another_target_is_refused_though_both_bodies_are_empty(self):
        first, second = order(), order()
        send(ConfirmOrder, order_id=first)
        assert code(send(ConfirmOrder, order_id=second)) == "idempotency_key_reused"
        assert Order.objects.get(pk=second).status == "pending"

    def test_another_expected_version_is_refused(self):
        order_id = order()
        send(ConfirmOrder, order_id=order_id, expected_version=1)
        for version in (2, None):
            again = send(ConfirmOrder, order_id=order_id, expected_version=version)
            assert code(again) == "idempotency_key_reused"

    def test_the_first_answer_stays_after_such_a_refusal(self):
        buyer = customer()
        first = send(CreateOrder, **(payload := content(buyer)))
        send(CreateOrder, **content(buyer))
        assert send(CreateOrder, **payload) == Ok(first.value, replayed=True)


@pytest.mark.django_db
class TestScope:
    def test_each_actor_has_keys_of_their_own(self):
        payload = content(customer())
        with acting("ada"):
            first = send(CreateOrder, **payload)
        with acting("bo"):
            second = send(CreateOrder, **payload)
        assert first.value.id != second.value.id
        assert not second.replayed

    def test_each_command_has_keys_of_its_own(self):
        order_id = order()
        assert code(send(ConfirmOrder, order_id=order_id)) == "ok"
        assert code(send(CancelOrder, order_id=order_id)) == "ok"


@pytest.mark.django_db
class TestImports:
    def test_an_import_takes_a_key(self):
        customer_id, order_id = uuid7(), uuid7()
        person = {"name": "Ada", "email": "a@example.com", "registered_at": timezone.now()}
        first = send(ImportCustomer, customer_id=customer_id, **person)
        assert send(ImportCustomer, customer_id=customer_id, **person) == replace(
            first, replayed=True
        )
        payload = content(customer_id, order_id=order_id, ordered_at=timezone.now())
        placed = send(ImportOrder, **payload)
        assert placed.value.is_new
        again = send(ImportOrder, **payload)
        assert again == Ok(placed.value, replayed=True)
        assert again.value.is_new  # the first answer, though the order is known by now
        later = {**payload, "ordered_at": timezone.now()}
        assert code(send(ImportOrder, **later)) == "idempotency_key_reused"

    def test_a_ready_made_command_is_the_same_wish_when_sent_again(self):
        command = CreateOrder.model_validate(content(customer()))
        first = bus.send(CreateOrder, command, idempotency_key=KEY)
        again = bus.send(CreateOrder, command, idempotency_key=KEY)
        assert again == Ok(first.value, replayed=True)
