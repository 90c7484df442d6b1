"""Its models."""

from django.db import models


class Customer(models.Model):
    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=200)
    email = models.CharField(max_length=200)

    class Meta:
        app_label = "normalized"
        db_table = "normal_customer"
        managed = False

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    id = models.UUIDField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders")
    status = models.CharField(max_length=10)
    currency = models.CharField(max_length=3)
    total_amount = models.DecimalField(max_digits=24, decimal_places=2)
    order_date = models.DateTimeField()
    updated_at = models.DateTimeField()
    special_instructions = models.TextField()
    carrier = models.CharField(max_length=200)
    tracking_number = models.CharField(max_length=200)
    street = models.CharField(max_length=200)
    city = models.CharField(max_length=200)
    state = models.CharField(max_length=200)
    postal_code = models.CharField(max_length=200)
    country = models.CharField(max_length=200)
    version = models.IntegerField()

    class Meta:
        app_label = "normalized"
        db_table = "normal_order"
        managed = False
        ordering = ("-order_date", "-id")

    def __str__(self) -> str:
        return str(self.id)

    @property
    def shipping_address(self) -> str:
        place = f"{self.city}, {self.state} {self.postal_code}"
        return f"{self.street}, {place}, {self.country}"


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")
    number = models.IntegerField()
    product_id = models.UUIDField()
    product_name = models.CharField(max_length=200)
    quantity = models.IntegerField()
    unit_price = models.DecimalField(max_digits=24, decimal_places=2)
    line_total = models.DecimalField(max_digits=24, decimal_places=2)
    currency = models.CharField(max_length=3)

    class Meta:
        app_label = "normalized"
        db_table = "normal_line"
        managed = False
        ordering = ("number",)

    def __str__(self) -> str:
        return f"{self.order_id} {self.number}"
