"""What the order history projection writes."""

from django.db import models

from cqrs.projections.read_models import KeyField, ReadModel


class OrderEventReadModel(ReadModel):
    """One event of an order's history.

    `id` is that of the order with its version, so that one index has an order's events together,
    in their order.
    """

    id = KeyField(primary_key=True)
    customer_id = models.UUIDField()
    document = models.TextField()

    class Meta:
        db_table = "read_order_history"
        verbose_name = "event of an order"
        verbose_name_plural = "order history"
        default_permissions = ()
