"""What the sales projection writes."""

from typing import ClassVar

from django.db import models

from cqrs.projections.read_models import KeyField, ReadModel


class SalesDayReadModel(ReadModel):
    """What was ordered on a UTC day in a currency. `id` is both, as `2026-01-31 USD`."""

    id = KeyField(primary_key=True)
    day = models.DateField()
    currency = models.CharField()
    order_count = models.PositiveIntegerField()
    cancelled_count = models.PositiveIntegerField()
    revenue = models.DecimalField(max_digits=40, decimal_places=4)
    document = models.TextField()

    class Meta:
        db_table = "read_sales_days"
        verbose_name = "day of sales"
        verbose_name_plural = "sales by day"
        default_permissions = ()
        permissions: ClassVar = [("view_reports", "Can see sales reports")]
