"""The table of the order history projection."""

from django.db import models

from cqrs.projections.read_models import KeyField, ReadModel


class OrderEventReadModel(ReadModel):
    """One event of an order's history.

    `id` is the order's id with the version, so that the index of the primary key has the events of
    an order next to each other, in their sequence.
    """

    id = KeyField(primary_key=True)
    customer_id = models.UUIDField()
    document = models.TextField()

    class Meta:
        db_table = "read_order_history"
        verbose_name = "event of an order"
        verbose_name_plural = "order history"
        default_permissions = ()
