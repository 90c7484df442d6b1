"""What the product sales projection writes."""

from typing import ClassVar

from django.db import models

from cqrs.projections.read_models import KeyField, ReadModel


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

    class Meta:
        db_table = "read_product_sales"
        verbose_name = "product that was sold"
        verbose_name_plural = "sales by product"
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["revenue", "id"], name="read_product_sales_revenue"),
            models.Index(fields=["quantity", "id"], name="read_product_sales_quantity"),
        ]


class ProductName(ReadModel):
    """The product sales projection's own note of a name, at the position of its order."""

    id = KeyField(primary_key=True)
    product_name = models.CharField()

    class Meta:
        db_table = "read_product_names"
        default_permissions = ()
