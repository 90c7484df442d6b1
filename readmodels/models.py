"""The read models, on `replica`. Rows hold finished answers; columns are for finding them.

`document` is the JSON that a query answers with, written by the projection, so that a read copies
bytes. No relations and no rules: every table here can be dropped and rebuilt from the event log.
"""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Value
from django.db.models.functions import Cast, Coalesce

from cqrs import models as kernel
from readmodels.specifications import (
    CustomerQuerySet,
    HistoryQuerySet,
    OrderQuerySet,
    ReadModelQuerySet,
    SalesQuerySet,
)

NEVER = Cast(Value("-infinity"), models.DateTimeField())
"""Before all times: what has not happened yet is sorted there."""


class ReadModel(models.Model):
    """What every row of a projection keeps.

    `version` is that of the aggregate, `position` the feed position of the last event folded
    into the row: an event at or before it is in the row already.
    """

    version = models.PositiveIntegerField()
    position = models.BigIntegerField()

    class Meta:
        abstract = True


class SearchText(models.Model):
    """What a search for the read row of the same id looks into.

    In a table of its own, because PostgreSQL enters a changed row anew into every index of its
    table, and a trigram index is the dearest to write: names change seldom, statuses often. A row
    is a function of the read row alone, so it has no version or position.
    """

    id = models.UUIDField(primary_key=True)
    search_text = models.TextField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)


def searchable(name: str) -> GinIndex:
    """Index every three letters in a row of `search_text`: any part of it is then found."""
    return GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name=name)


class OrderSearch(SearchText):
    """What a search for an order looks into. `customer_id` says whose partition it is in."""

    customer_id = models.UUIDField()

    class Meta:
        db_table = "read_order_search"
        default_permissions = ()
        indexes: ClassVar = [searchable("read_order_search_text")]


class CustomerSearch(SearchText):
    """What a search for a customer looks into."""

    class Meta:
        db_table = "read_customer_search"
        default_permissions = ()
        indexes: ClassVar = [searchable("read_customer_search_text")]


class StockSearch(SearchText):
    """What a search for a product looks into."""

    class Meta:
        db_table = "read_stock_search"
        default_permissions = ()
        indexes: ClassVar = [searchable("read_stock_search_text")]


class OrderReadModel(ReadModel):
    """An order with its lines. `total_amount` is in `currency`, `item_count` counts the lines."""

    class Status(models.TextChoices):
        PENDING = "pending"
        CONFIRMED = "confirmed"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True)
    customer_id = models.UUIDField()
    customer_name = models.CharField()
    customer_email = models.CharField()
    status = models.CharField(choices=Status)
    currency = models.CharField()
    total_amount = models.DecimalField(max_digits=24, decimal_places=4)
    item_count = models.PositiveIntegerField()
    order_date = models.DateTimeField()
    updated_at = models.DateTimeField()
    document = models.TextField()

    search_model = OrderSearch
    objects = models.Manager.from_queryset(OrderQuerySet)()

    class Meta:
        db_table = "read_orders"
        verbose_name = "order"
        default_permissions = ()
        permissions: ClassVar = [("view_orders", "Can see orders")]
        # Each serves an ordering with its ties by id, in both directions, since PostgreSQL also
        # reads an index backwards. Every change of an order writes all of them, so a filter has
        # one of its own only where the ordering's would have to pass over most of the table.
        indexes: ClassVar = [
            # the default list, date ranges, and the filters that most rows pass
            models.Index(fields=["order_date", "id"], name="read_orders_date"),
            # the orders of a customer; also finds what a change of name has to rewrite
            models.Index(fields=["customer_id", "order_date", "id"], name="read_orders_customer"),
            # the few pending among very many delivered
            models.Index(fields=["status", "order_date", "id"], name="read_orders_status"),
            models.Index(fields=["total_amount", "id"], name="read_orders_total"),
            models.Index(fields=["customer_name", "id"], name="read_orders_name"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class CustomerReadModel(ReadModel):
    """A customer and what they ordered. `totals` maps a currency to a decimal string."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField()
    email = models.CharField()
    is_active = models.BooleanField()
    registered_at = models.DateTimeField()
    order_count = models.PositiveIntegerField()
    open_order_count = models.PositiveIntegerField()
    cancelled_count = models.PositiveIntegerField()
    totals = models.JSONField()
    last_order_at = models.DateTimeField(null=True)
    document = models.TextField()

    search_model = CustomerSearch
    objects = models.Manager.from_queryset(CustomerQuerySet)()

    class Meta:
        db_table = "read_customers"
        verbose_name = "customer"
        default_permissions = ()
        permissions: ClassVar = [("view_customers", "Can see customers")]
        # One for each ordering, as for orders. Activity filters too little to be worth one.
        indexes: ClassVar = [
            models.Index(fields=["registered_at", "id"], name="read_customers_registered"),
            models.Index(fields=["name", "id"], name="read_customers_name"),
            models.Index(fields=["order_count", "id"], name="read_customers_orders"),
            # Who never ordered comes before everybody who did, so last when descending.
            models.Index(Coalesce("last_order_at", NEVER), "id", name="read_customers_last_order"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class StockReadModel(ReadModel):
    """A product whose stock is tracked. Amounts are pieces, `id` is the product's."""

    id = models.UUIDField(primary_key=True)
    sku = models.CharField()
    name = models.CharField()
    on_hand = models.PositiveIntegerField()
    reserved = models.PositiveIntegerField()
    available = models.PositiveIntegerField()
    document = models.TextField()

    search_model = StockSearch
    objects = models.Manager.from_queryset(ReadModelQuerySet)()

    class Meta:
        db_table = "read_stock"
        verbose_name = "product"
        default_permissions = ()
        permissions: ClassVar = [("view_stock", "Can see the stock of products")]
        indexes: ClassVar = [
            models.Index(fields=["name", "id"], name="read_stock_name"),
            models.Index(fields=["available", "id"], name="read_stock_available"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class OrderCustomer(ReadModel):
    """The orders projection's own note of who a customer is, so that it asks no other table."""

    customer_id = models.UUIDField(primary_key=True)
    name = models.CharField()
    email = models.CharField()

    class Meta:
        db_table = "read_order_customers"
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.customer_id)


class KeyField(models.CharField):
    """A text key that sorts by its bytes, so that the database and Python agree on the order."""

    def __init__(self, *args: Any, db_collation: str = "C", **kwargs: Any) -> None:
        super().__init__(*args, db_collation=db_collation, **kwargs)

    def db_type(self, connection: Any) -> str:
        # By this name of the type, Django does not add a second index for LIKE.
        return "character varying"


class SalesDayReadModel(ReadModel):
    """What was ordered on a UTC day in a currency. `id` is both, as `2026-01-31 USD`."""

    id = KeyField(primary_key=True)
    day = models.DateField()
    currency = models.CharField()
    order_count = models.PositiveIntegerField()
    cancelled_count = models.PositiveIntegerField()
    revenue = models.DecimalField(max_digits=40, decimal_places=4)
    document = models.TextField()

    objects = models.Manager.from_queryset(SalesQuerySet)()

    class Meta:
        db_table = "read_sales_days"
        verbose_name = "day of sales"
        verbose_name_plural = "sales by day"
        default_permissions = ()
        permissions: ClassVar = [("view_reports", "Can see sales reports")]

    def __str__(self) -> str:
        return str(self.id)


class ProductSalesReadModel(ReadModel):
    """What was sold of a product in a currency. `id` is both: the product's, then the currency."""

    id = KeyField(primary_key=True)
    product_id = models.UUIDField()
    product_name = models.CharField()
    currency = models.CharField()
    quantity = models.PositiveBigIntegerField()
    revenue = models.DecimalField(max_digits=40, decimal_places=4)
    order_count = models.PositiveIntegerField()
    document = models.TextField()

    objects = models.Manager.from_queryset(SalesQuerySet)()

    class Meta:
        db_table = "read_product_sales"
        verbose_name = "product that was sold"
        verbose_name_plural = "sales by product"
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["revenue", "id"], name="read_product_sales_revenue"),
            models.Index(fields=["quantity", "id"], name="read_product_sales_quantity"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class ProductName(ReadModel):
    """The product sales projection's own note of a name, at the position of its order."""

    id = KeyField(primary_key=True)
    product_name = models.CharField()

    class Meta:
        db_table = "read_product_names"
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)


class OrderEventReadModel(ReadModel):
    """One event of an order's history.

    `id` is that of the order with its version, so that one index has an order's events together,
    in their order.
    """

    id = KeyField(primary_key=True)
    customer_id = models.UUIDField()
    document = models.TextField()

    objects = models.Manager.from_queryset(HistoryQuerySet)()

    class Meta:
        db_table = "read_order_history"
        verbose_name = "event of an order"
        verbose_name_plural = "order history"
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)


class ProjectionCheckpoint(kernel.Checkpoint):
    """How far a partition of a projection has come, beside the rows that it accounts for.

    `level_at`: when a worker last saw it level with the log.
    """

    level_at = models.DateTimeField(null=True)

    class Meta(kernel.Checkpoint.Meta):
        db_table = "read_checkpoints"
        default_permissions = ()


class ParkedEvent(kernel.ParkedEvent):
    """An event that a projection could not apply, or that waits behind such a one."""

    class Meta(kernel.ParkedEvent.Meta):
        db_table = "read_parked"
        verbose_name = "parked event"
        default_permissions = ()
        permissions: ClassVar = [
            ("view_parked", "Can see parked events"),
            ("handle_parked", "Can retry and discard parked events"),
        ]
