"""A digest is the same before a row is saved and after it is loaded, and no other row has it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import serializers
from hypothesis import given
from hypothesis import strategies as st

from cqrs.event_log.digests import UnknownDigest, fits, seal
from cqrs.messaging.ids import uuid7
from cqrs.testing.examples import EXAMPLES, undone
from customers.models import Customer
from orders.models import Order, OrderLine
from orders.models.digest_lists import LINE_FIELDS
from orders.models.shipping import ADDRESS_COLUMNS
from tests.support.scenarios import customer

LISTS = {1: ("name", "at"), 2: ("name", "at", "price")}
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(1, 1, 3), datetime(9998, 12, 30), timezones=ZONES)
AMOUNTS = st.decimals(0, 10**19, places=4) | st.sampled_from([Decimal("-0.00"), Decimal("1E+2")])


def row(**changes: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"name": "Ada", "at": NOON, "price": Decimal("9.50"), **changes})


class TestDigest:
    @pytest.mark.parametrize(
        "same",
        [
            row(price=Decimal("9.5000")),
            row(at=NOON.astimezone(timezone(timedelta(hours=-7)))),
        ],
    )
    def test_is_the_same_for_the_same_value_in_another_form(self, same: Any):
        assert seal(LISTS, same) == seal(LISTS, row())

    @pytest.mark.parametrize(
        "other",
        [
            row(name=""),
            row(name=None),
            row(name="ada"),
            row(at=NOON + timedelta(microseconds=1)),
            row(at=None),
            row(price=Decimal("9.51")),
            row(price="9.5"),
        ],
    )
    def test_differs_for_another_value(self, other: Any):
        digests = {seal(LISTS, each) for each in (row(), row(name=""), row(name=None))}
        assert len(digests) == 3
        assert fits(seal(LISTS, row()), LISTS, other) is False or other.price == "9.5"

    def test_depends_on_the_order_of_the_rows(self):
        one, other = row(), row(name="Bea")
        assert seal(LISTS, one, other) != seal(LISTS, other, one)

    def test_names_the_latest_list_of_fields(self):
        assert seal(LISTS, row()).startswith("2:")

    def test_is_verified_by_the_list_that_it_names(self):
        sealed = seal({1: LISTS[1]}, row())
        assert fits(sealed, LISTS, row(price=None))
        assert not fits(sealed, LISTS, row(name="Bea"))

    @pytest.mark.parametrize("digest", [None, "", "no digest", "1:", "0:12", "²:1", "9" * 5_000])
    def test_of_something_else_does_not_fit(self, digest: str | None):
        assert not fits(digest, LISTS, row())

    def test_of_a_newer_build_is_not_judged(self):
        with pytest.raises(UnknownDigest):
            fits(seal({3: LISTS[2]}, row()), LISTS, row())

    def test_refuses_a_value_that_it_has_no_form_for(self):
        with pytest.raises(TypeError):
            seal(LISTS, row(name=b"Ada"))


@pytest.mark.bypasses_events
@pytest.mark.django_db(databases=["default", "replica"])
class TestSavedRow:
    @EXAMPLES
    @given(name=TEXTS, registered_at=TIMES, is_active=st.booleans())
    def test_of_a_customer_has_the_digest_that_it_is_loaded_with(self, **values: Any):
        with undone():
            new = Customer(id=uuid7(), email=f"{uuid7()}@example.com", version=1, **values)
            new.store(force_insert=True)
            assert Customer.objects.get().is_unchanged

    @EXAMPLES
    @given(at=TIMES, total=AMOUNTS, prices=st.lists(st.tuples(AMOUNTS, TEXTS), max_size=3),
           texts=st.lists(TEXTS, min_size=8, max_size=8))  # fmt: skip
    def test_of_an_order_has_those_that_it_is_loaded_with(self, at, total, prices, texts):
        with undone():
            address = dict(zip(ADDRESS_COLUMNS, texts, strict=False))
            new = Order(
                id=uuid7(), customer_id=uuid7(), version=7, currency="USD", order_date=at,
                total_amount=total, special_instructions=texts[5], carrier=texts[6], **address,
            )  # fmt: skip
            lines = [
                OrderLine(order=new, number=number, product_id=uuid7(), product_name=name,
                          quantity=number, unit_price=price, line_total=price, currency="USD")
                for number, (price, name) in enumerate(prices, start=1)
            ]  # fmt: skip
            new.lines_digest = seal(LINE_FIELDS, *lines)
            new.store(force_insert=True)
            OrderLine.objects.bulk_create(lines)
            found = Order.objects.get()
            assert found.is_unchanged
            assert len(found.items) == len(lines)

    def test_does_not_fit_after_a_save_that_is_not_published(self):
        found = Customer.objects.get(pk=customer())
        found.name = "Bea"
        found.save()
        assert not Customer.objects.get().is_unchanged

    def test_has_no_digest_when_it_comes_from_a_dump(self):
        customer()
        [loaded] = serializers.deserialize(
            "json", serializers.serialize("json", Customer.objects.all())
        )
        Customer.objects.all().delete()
        loaded.save()
        assert Customer.objects.get().digest is None
