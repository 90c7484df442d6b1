"""The tables of the customers projection."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Coalesce

from cqrs.projections.read_models import ReadModel, SearchText, searchable
from cqrs.queries.orderings import NEVER


class CustomerSearch(SearchText):
    """The text that a search for customers matches."""

    class Meta:
        db_table = "read_customer_search"
        default_permissions = ()
        indexes: ClassVar = [searchable("read_customer_search_text")]


class CustomerReadModel(ReadModel):
    """A customer with counts of their orders. `totals` maps a currency to a decimal string."""

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

    class Meta:
        db_table = "read_customers"
        verbose_name = "customer"
        default_permissions = ()
        permissions: ClassVar = [("view_customers", "Can see customers")]
        # One per ordering, as for orders. Few customers are inactive, so that filter needs none.
        indexes: ClassVar = [
            models.Index(fields=["registered_at", "id"], name="read_customers_registered"),
            models.Index(fields=["name", "id"], name="read_customers_name"),
            models.Index(fields=["order_count", "id"], name="read_customers_orders"),
            # Customers without orders come first, and last when descending.
            models.Index(Coalesce("last_order_at", NEVER), "id", name="read_customers_last_order"),
        ]


class CustomerOrders(ReadModel):
    """What was counted of a customer's orders, also while there is no such customer."""

    id = models.UUIDField(primary_key=True)
    document = models.TextField()

    class Meta:
        db_table = "read_customer_orders"
        default_permissions = ()


class CustomerOrderDate(ReadModel):
    """The date of an order, None once another program has deleted it. `id` is the order's."""

    id = models.UUIDField(primary_key=True)
    customer_id = models.UUIDField()
    order_date = models.DateTimeField(null=True)

    class Meta:
        db_table = "read_customer_order_dates"
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["customer_id", "order_date"], name="read_customer_orders_latest")
        ]
