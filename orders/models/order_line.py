"""The lines of an order: part of its aggregate, written once and never changed."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from orders.events import Line
from orders.fields import Item
from orders.money import line_total, plain


class OrderLine(models.Model):
    """A row of an order. `number` counts from 1 in the order in which they were ordered."""

    pk = models.CompositePrimaryKey("order_id", "number")
    order = models.ForeignKey(
        "orders.Order", on_delete=models.CASCADE, related_name="lines", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    product_id = models.UUIDField()
    product_name = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField()
    reserved_quantity = models.PositiveIntegerField(default=0)
    unit_price = models.DecimalField(max_digits=24, decimal_places=4)
    line_total = models.DecimalField(max_digits=24, decimal_places=4)
    currency = models.CharField(max_length=3)

    class Meta:
        verbose_name = "order line"
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                # A product is reserved for a line whole or, when it is not tracked, not at all.
                condition=Q(reserved_quantity=0) | Q(reserved_quantity=F("quantity")),
                name="order_line_reserved_all_or_none",
            )
        ]

    def __str__(self) -> str:
        return f"{self.order_id} #{self.number}"

    def value(self) -> Line:
        return Line(
            product_id=self.product_id,
            product_name=self.product_name,
            quantity=self.quantity,
            unit_price=plain(self.unit_price, self.currency),
            currency=self.currency,
            line_total=plain(self.line_total, self.currency),
            reserved_quantity=self.reserved_quantity,
        )


def priced(item: Item, currency: str, reserved: bool) -> Line:
    """Return the line that an ordered item becomes; `reserved`: its stock is tracked."""
    return Line(
        product_id=item.product_id,
        product_name=item.product_name,
        quantity=item.quantity,
        unit_price=plain(item.unit_price, currency),
        currency=currency,
        line_total=line_total(item.unit_price, item.quantity, currency),
        reserved_quantity=item.quantity if reserved else 0,
    )


def store_lines(order_id: UUID, lines: tuple[Line, ...]) -> None:
    """Insert the lines of a new order with one statement."""
    OrderLine.objects.bulk_create(
        OrderLine(order_id=order_id, number=number, **dict(line))
        for number, line in enumerate(lines, start=1)
    )
