"""The stock aggregate: the pieces of a product on hand, and those that are reserved."""

from typing import ClassVar, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from cqrs.event_log.aggregates import Aggregate
from cqrs.event_log.digests import FieldLists
from cqrs.messaging.results import reject
from orders.events import StockDeducted, StockMoved, StockReleased, StockReserved, StockSet
from orders.models.states import StockState

Moved = TypeVar("Moved", bound=StockMoved)


class StockItem(Aggregate):
    """A product whose stock is tracked. Amounts are pieces, `id` is the product's.

    Its methods change it in memory. The caller saves it: many rows with one statement.
    """

    stream_type: ClassVar[str] = "stock"
    digest_fields: ClassVar[FieldLists] = {
        1: ("id", "version", "sku", "name", "on_hand", "reserved")
    }

    id = models.UUIDField(primary_key=True)
    sku = models.CharField(max_length=200, default="", blank=True)
    name = models.CharField(max_length=200, default="", blank=True)
    on_hand = models.PositiveIntegerField(default=0)
    reserved = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "stock item"
        default_permissions = ()
        permissions: ClassVar = [("set_stock", "Can set the stock of a product")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(reserved__gte=0, reserved__lte=F("on_hand")),
                name="stock_reserved_within_on_hand",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    def set(self, on_hand: int, sku: str | None, name: str | None) -> StockSet:
        """Set the count, and SKU and name if given; refuses with `stock_below_reserved`."""
        if on_hand < self.reserved:
            reject(
                "stock_below_reserved",
                f"{self.reserved} pieces of product {self.id} are reserved, {on_hand} are fewer",
            )
        self.on_hand = on_hand
        self.sku = self.sku if sku is None else sku
        self.name = self.name if name is None else name
        self.version += 1
        return StockSet(
            product_id=self.id,
            on_hand=self.on_hand,
            reserved=self.reserved,
            sku=self.sku,
            name=self.name,
        )

    def reserve(self, order_id: UUID, quantity: int) -> StockReserved:
        """Reserve pieces for an order; refuses with `out_of_stock`."""
        if quantity > self.available:
            reject("out_of_stock", f"Out of stock: {self.id}")
        self.reserved += quantity
        return self._moved(StockReserved, order_id, quantity)

    def release(self, order_id: UUID, quantity: int) -> StockReleased:
        """Release pieces that were reserved for an order, as far as they still are.

        Another program can have taken reserved pieces away.
        """
        quantity = min(quantity, self.reserved)
        self.reserved -= quantity
        return self._moved(StockReleased, order_id, quantity)

    def deduct(self, order_id: UUID, quantity: int) -> StockDeducted:
        """Remove pieces that were reserved for an order from the stock, in the same way."""
        quantity = min(quantity, self.reserved)
        self.on_hand -= quantity
        self.reserved -= quantity
        return self._moved(StockDeducted, order_id, quantity)

    def state(self) -> StockState:
        return StockState(
            product_id=self.id,
            sku=self.sku,
            name=self.name,
            on_hand=self.on_hand,
            reserved=self.reserved,
            available=self.available,
            version=self.version,
        )

    def _moved(self, event_type: type[Moved], order_id: UUID, quantity: int) -> Moved:
        self.version += 1
        return event_type(
            product_id=self.id,
            on_hand=self.on_hand,
            reserved=self.reserved,
            order_id=order_id,
            quantity=quantity,
        )
