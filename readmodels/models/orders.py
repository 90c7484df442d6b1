"""What the orders projection writes."""

from typing import ClassVar, get_args

from django.db import models

from cqrs.projections.read_models import ReadModel, SearchText, searchable
from readmodels.documents import Status


class OrderSearch(SearchText):
    """What a search for an order looks into. `customer_id` says whose partition it is in."""

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
            models.Index(fields=["status", "id"], name="read_orders_status_id"),
            models.Index(fields=["total_amount", "id"], name="read_orders_total"),
            models.Index(fields=["customer_name", "id"], name="read_orders_name"),
        ]


class OrderCustomer(ReadModel):
    """The orders projection's own note of who a customer is, so that it asks no other table."""

    customer_id = models.UUIDField(primary_key=True)
    name = models.CharField()
    email = models.CharField()

    class Meta:
        db_table = "read_order_customers"
        default_permissions = ()
