"""The shipping address as columns, so that SQL can read its parts."""

from typing import Any

from django.db import models
from pydantic import BaseModel

from orders.events import Address

ADDRESS_COLUMNS = tuple(f"shipping_{part}" for part in Address.model_fields)


def address_of(row: Any) -> Address:
    """Return the address of a row with these columns."""
    return Address(**{part: getattr(row, f"shipping_{part}") for part in Address.model_fields})


class Shipping(models.Model):
    """The columns of an address, named as the fields of `Address` with a prefix."""

    shipping_street = models.CharField(max_length=200)
    shipping_city = models.CharField(max_length=200)
    shipping_state = models.CharField(max_length=200)
    shipping_postal_code = models.CharField(max_length=200)
    shipping_country = models.CharField(max_length=200)

    class Meta:
        abstract = True

    @property
    def shipping_address(self) -> Address:
        return address_of(self)

    def _ship_to(self, address: BaseModel) -> None:
        for part, text in address:
            setattr(self, f"shipping_{part}", text)
