"""What the stock projection writes."""

from typing import ClassVar

from django.db import models

from cqrs.projections.read_models import ReadModel, SearchText, searchable


class StockSearch(SearchText):
    """What a search for a product looks into."""

    class Meta:
        db_table = "read_stock_search"
        default_permissions = ()
        indexes: ClassVar = [searchable("read_stock_search_text")]


class StockReadModel(ReadModel):
    """A product whose stock is tracked. Amounts are pieces, `id` is the product's."""

    id = models.UUIDField(primary_key=True)
    sku = models.CharField()
    name = models.CharField()
    on_hand = models.PositiveIntegerField()
    reserved = models.PositiveIntegerField()
    available = models.PositiveIntegerField()
    document = models.TextField()

    search_model = StockSearch

    class Meta:
        db_table = "read_stock"
        verbose_name = "product"
        default_permissions = ()
        permissions: ClassVar = [("view_stock", "Can see the stock of products")]
        indexes: ClassVar = [
            models.Index(fields=["name", "id"], name="read_stock_name"),
            models.Index(fields=["available", "id"], name="read_stock_available"),
        ]
