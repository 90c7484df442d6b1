"""The status of an order, and the allowed transitions."""

from django.db import models


class Status(models.TextChoices):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


COMES_FROM = {
    Status.CONFIRMED: (Status.PENDING,),
    Status.SHIPPED: (Status.CONFIRMED,),
    Status.DELIVERED: (Status.SHIPPED,),
    Status.CANCELLED: (Status.PENDING, Status.CONFIRMED),
}
