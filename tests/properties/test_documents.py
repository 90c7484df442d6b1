"""Stored documents equal what a serializer of the columns would answer, and fit the schema."""

from typing import Any

import jsonschema_rs
import orjson
import pytest
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import given
from rest_framework import serializers

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.testing.examples import EXAMPLES, undone
from readmodels.models import CustomerReadModel, OrderReadModel, StockReadModel
from readmodels.projections import PROJECTIONS
from readmodels.projections.text import utc_text
from tests.support.histories import HISTORIES, write
from tests.support.log import Log

NOT_SHOWN = ("position", "document")
# What the columns do not hold, because no query filters or sorts by it.
IN_THE_DOCUMENT_ALONE = {
    "items", "shipping_address", "special_instructions", "carrier", "tracking_number",
}  # fmt: skip


class Moment(serializers.DateTimeField):
    def to_representation(self, value: Any) -> Any:
        return utc_text(value)


class Columns(serializers.ModelSerializer):
    """What a view would answer with that builds its answer from the columns."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        **{
            field: Moment
            for field, kind in serializers.ModelSerializer.serializer_field_mapping.items()
            if kind is serializers.DateTimeField
        },
    }


class OrderColumns(Columns):
    class Meta:
        model = OrderReadModel
        exclude = NOT_SHOWN


class CustomerColumns(Columns):
    totals = serializers.SerializerMethodField()

    class Meta:
        model = CustomerReadModel
        exclude = NOT_SHOWN

    def get_totals(self, customer: CustomerReadModel) -> list[dict[str, str]]:
        pairs = sorted(customer.totals.items())
        return [{"currency": currency, "amount": amount} for currency, amount in pairs]


class StockColumns(Columns):
    product_id = serializers.UUIDField(source="id")

    class Meta:
        model = StockReadModel
        exclude = (*NOT_SHOWN, "id")


@pytest.fixture(scope="module")
def validators() -> dict[str, Any]:
    schema = SchemaGenerator().get_schema(public=True)
    return {
        name: jsonschema_rs.validator_for(
            {"components": schema["components"], "$ref": f"#/components/schemas/{name}"},
            validate_formats=True,
        )
        for name in ("OrderDocument", "CustomerDocument", "StockDocument")
    }


@pytest.mark.django_db(databases=["default", PROJECTION_ALIAS])
class TestDocuments:
    @EXAMPLES
    @given(HISTORIES)
    def test_are_what_a_serializer_answers_and_what_the_schema_says(
        self, validators: dict[str, Any], history: Any
    ) -> None:
        with undone():
            events = write(Log(), history)
            with transaction.atomic(using=PROJECTION_ALIAS):
                for projection in PROJECTIONS:
                    projection.apply(events)
            for order in OrderReadModel.objects.all():
                self._check_order(order, validators["OrderDocument"])
            for customer in CustomerReadModel.objects.all():
                self._check(customer, CustomerColumns, validators["CustomerDocument"])
            for product in StockReadModel.objects.all():
                self._check(product, StockColumns, validators["StockDocument"])

    def _check(self, row: Any, serializer: Any, validator: Any) -> None:
        document = orjson.loads(row.document)
        assert document == orjson.loads(orjson.dumps(serializer(row).data))
        validator.validate(document)

    def _check_order(self, order: OrderReadModel, validator: Any) -> None:
        document = orjson.loads(order.document)
        validator.validate(document)
        assert len(document["items"]) == order.item_count
        shown = {
            name: value for name, value in document.items() if name not in IN_THE_DOCUMENT_ALONE
        }
        columns = orjson.loads(orjson.dumps(OrderColumns(order).data))
        # A column keeps four decimals, the document as many as the currency has.
        exponent = len(shown["total_amount"].partition(".")[2])
        columns["total_amount"] = f"{order.total_amount:.{exponent}f}"
        assert order.total_amount == serializers.DecimalField(24, 4).to_internal_value(
            shown["total_amount"]
        )
        assert shown == columns
