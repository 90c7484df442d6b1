"""Stored answers are deleted after a day, and no command waits for that."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from cqrs.behaviors import idempotency
from cqrs.messaging.ids import uuid7
from cqrs.models import IdempotentAnswer
from cqrs.tasks import expire_idempotent_answers
from orders.commands import ConfirmOrder, CreateOrder, SetStock
from tests.support.keyed import code, send
from tests.support.scenarios import content, customer, order
from tests.support.threads import together

COPIED = ("actor", "command", "fingerprint", "answer", "created_at")


def age(seconds, **scope):
    moment = timezone.now() - idempotency.LIFETIME - timedelta(seconds=seconds)
    return IdempotentAnswer.objects.filter(**scope).update(created_at=moment)


@pytest.mark.django_db
class TestExpiry:
    def test_an_expired_answer_is_as_good_as_none(self):
        order_id = order()
        send(ConfirmOrder, order_id=order_id)
        age(1)
        result = send(ConfirmOrder, order_id=order_id)
        assert (code(result), result.replayed) == ("invalid_transition", False)
        assert send(ConfirmOrder, order_id=order_id).replayed
        assert IdempotentAnswer.objects.count() == 1

    def test_an_expired_key_can_be_used_for_something_else(self):
        send(CreateOrder, **content(customer()))
        age(1)
        assert code(send(CreateOrder, **content(customer()))) == "ok"

    def test_an_answer_stays_for_the_whole_day(self):
        payload = content(customer())
        send(CreateOrder, **payload)
        age(-60)
        assert idempotency.expire() == 0
        assert send(CreateOrder, **payload).replayed

    def test_deletes_the_oldest_first_and_no_more_than_it_should(self):
        for number in range(5):
            send(SetStock, key=f"k{number}", product_id=uuid7(), on_hand=number)
            age(number * 10, key=f"k{number}")
        assert idempotency.expire(limit=2) == 2
        assert set(IdempotentAnswer.objects.values_list("key", flat=True)) == {"k0", "k1", "k2"}
        assert idempotency.expire(limit=2) == 2
        assert idempotency.expire(limit=2) == 1
        assert idempotency.expire(limit=2) == 0

    def test_the_task_deletes_all_that_are_old(self):
        send(SetStock, key="old", product_id=uuid7(), on_hand=1)
        old = IdempotentAnswer.objects.values(*COPIED).get()
        copies = [IdempotentAnswer(**old, key=f"k{number}") for number in range(1_001)]
        IdempotentAnswer.objects.bulk_create(copies)  # more than one statement deletes
        age(1)
        send(SetStock, key="young", product_id=uuid7(), on_hand=1)
        expire_idempotent_answers()
        assert IdempotentAnswer.objects.get().key == "young"


@pytest.mark.django_db(transaction=True)
class TestExpiryBesideOthers:
    def test_passes_over_locked_rows_and_waits_for_no_command(self):
        for number in range(3):
            send(SetStock, key=f"k{number}", product_id=uuid7(), on_hand=number)
        age(1)
        with transaction.atomic():
            IdempotentAnswer.objects.select_for_update().get(key="k1")
            assert together(idempotency.expire) == [2]
            assert together(idempotency.expire) == [0]
        assert IdempotentAnswer.objects.get().key == "k1"

    def test_no_command_waits_for_it(self):
        payload = content(customer())
        send(SetStock, key="old", product_id=uuid7(), on_hand=1)
        age(1)
        with transaction.atomic():
            assert idempotency.expire() == 1
            [other] = together(lambda: send(CreateOrder, **payload))
            assert code(other) == "ok"
