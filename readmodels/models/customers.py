"""What the customers projection writes."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Coalesce

from cqrs.projections.read_models import ReadModel, SearchText, searchable
from cqrs.queries.orderings import NEVER


class CustomerSearch(SearchText):
    """What a search for a customer looks into."""

    class Meta:
        db_table = "read_customer_search"
        default_permissions = ()
        indexes: ClassVar = [searchable("read_customer_search_text")]


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
