"""The lines of an order: part of its aggregate, inserted once and never changed."""

from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from cqrs.event_log.digests import fits
from cqrs.event_log.outside import ChangedOutside
from orders.events import Line
from orders.fields import Item
from orders.models.digest_lists import LINE_FIELDS
from orders.money import line_total, plain


class OrderLine(models.Model):
    """A line of an order. `number` counts from 1, in the sequence of the request."""

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
                # A line reserves its whole quantity or, if the product is not tracked, nothing.
                condition=Q(reserved_quantity=0) | Q(reserved_quantity=F("quantity")),
                name="order_line_reserved_all_or_none",
            )
        ]

    def __str__(self) -> str:
        return f"{self.order_id} #{self.number}"


def line_of(row: Any) -> Line:
    """Return the line as events have it: amounts without the zeros that the columns add."""
    fields = {name: getattr(row, name) for name in Line.model_fields}
    for name in ("unit_price", "line_total"):
        fields[name] = plain(fields[name], row.currency)
    return Line(**fields)


def read_lines(order: Any) -> tuple[Line, ...]:
    """Return the lines of a stored order. Raises `ChangedOutside`."""
    rows = list(order.lines.order_by("number"))
    if not fits(order.lines_digest, LINE_FIELDS, *rows):
        raise ChangedOutside({order.stream_type: [order.id]})
    return tuple(map(line_of, rows))


def priced(item: Item, currency: str, reserved: bool) -> Line:
    """Return the line of an ordered item. `reserved`: its stock is tracked and was reserved."""
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
