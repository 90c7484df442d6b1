"""The tables of the orders projection."""

from typing import ClassVar, get_args

from django.db import models

from cqrs.projections.read_models import ReadModel, SearchText, searchable
from readmodels.documents import Status


class OrderSearch(SearchText):
    """The text that a search for orders matches. `customer_id` decides the partition."""

    customer_id = models.UUIDField()

    class Meta:
        db_table = "read_order_search"
        default_permissions = ()
        indexes: ClassVar = [searchable("read_order_search_text")]


class OrderReadModel(ReadModel):
    """An order with its lines. `total_amount` is in `currency`, `item_count` counts the lines."""

    id = models.UUIDField(primary_key=True)
    customer_id = models.UUIDField()
    customer_name = models.CharField()
    customer_email = models.CharField()
    status = models.CharField(choices=[(each, each.capitalize()) for each in get_args(Status)])
    currency = models.CharField()
    total_amount = models.DecimalField(max_digits=24, decimal_places=4)
    item_count = models.PositiveIntegerField()
    order_date = models.DateTimeField()
    updated_at = models.DateTimeField()
    document = models.TextField()

    search_model = OrderSearch

    class Meta:
        db_table = "read_orders"
        verbose_name = "order"
        default_permissions = ()
        permissions: ClassVar = [("view_orders", "Can see orders")]
        # Each serves an ordering with ties by id, in both directions, because PostgreSQL also reads
        # an index backwards. Every change of an order writes all indexes, so a filter has its own
        # only where the index of the ordering would have to skip most of the table.
        indexes: ClassVar = [
            # the default list, date ranges, and the filters that most rows pass
            models.Index(fields=["order_date", "id"], name="read_orders_date"),
            # the orders of a customer, also for a change of the name
            models.Index(fields=["customer_id", "order_date", "id"], name="read_orders_customer"),
            # the few pending among very many delivered
            models.Index(fields=["status", "order_date", "id"], name="read_orders_status"),
            models.Index(fields=["status", "id"], name="read_orders_status_id"),
            models.Index(fields=["total_amount", "id"], name="read_orders_total"),
            models.Index(fields=["customer_name", "id"], name="read_orders_name"),
        ]


class OrderCustomer(ReadModel):
    """The orders projection's own copy of a customer's name, so that it reads no other table."""

    customer_id = models.UUIDField(primary_key=True)
    name = models.CharField()
    email = models.CharField()

    class Meta:
        db_table = "read_order_customers"
        default_permissions = ()
