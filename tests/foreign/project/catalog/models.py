"""What the catalog's projection writes."""

from typing import ClassVar

from django.db import models

from cqrs.projections.read_models import ReadModel


class Book(ReadModel):
    """A copy with where it is. `due_date` is empty while it stands on the shelf."""

    id = models.UUIDField(primary_key=True)
    title = models.CharField()
    is_lent = models.BooleanField()
    due_date = models.DateField(null=True)
    document = models.TextField()

    class Meta:
        db_table = "library_catalog"
        default_permissions = ()
        permissions: ClassVar = [("view_books", "Can see books")]
        indexes: ClassVar = [models.Index(fields=["title", "id"], name="library_catalog_title")]
