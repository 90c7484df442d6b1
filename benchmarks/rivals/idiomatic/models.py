"""Its models."""

import uuid

from django.db import models


class Customer(models.Model):
    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField()

    class Meta:
        app_label = "idiomatic"
        db_table = "plain_customer"
        managed = False

    def __str__(self) -> str:
        return self.name


class Stock(models.Model):
    id = models.UUIDField(primary_key=True)
    on_hand = models.IntegerField()
    reserved = models.IntegerField()

    class Meta:
        app_label = "idiomatic"
        db_table = "plain_stock"
        managed = False

    def __str__(self) -> str:
        return str(self.id)


class Order(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    status = models.CharField(max_length=10, default="pending")
    currency = models.CharField(max_length=3, default="USD")
    total_amount = models.DecimalField(max_digits=24, decimal_places=2)
    order_date = models.DateTimeField(auto_now_add=True)
    special_instructions = models.TextField(blank=True, default="")
    street = models.CharField(max_length=200)
    city = models.CharField(max_length=200)
    state = models.CharField(max_length=200)
    postal_code = models.CharField(max_length=200)
    country = models.CharField(max_length=200)

    class Meta:
        app_label = "idiomatic"
        db_table = "plain_order"
        managed = False

    def __str__(self) -> str:
        return str(self.id)


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")
    product_id = models.UUIDField()
    product_name = models.CharField(max_length=200)
    quantity = models.IntegerField()
    unit_price = models.DecimalField(max_digits=24, decimal_places=2)
    line_total = models.DecimalField(max_digits=24, decimal_places=2)

    class Meta:
        app_label = "idiomatic"
        db_table = "plain_line"
        managed = False
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.order_id} {self.product_id}"
