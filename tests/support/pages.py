"""The pages of the admin, and who looks at them."""

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

ORDERS = "admin:readmodels_orderreadmodel"
CUSTOMERS = "admin:readmodels_customerreadmodel"
STOCK = "admin:readmodels_stockreadmodel"
SALES = "admin:readmodels_salesdayreadmodel"
PRODUCT_SALES = "admin:readmodels_productsalesreadmodel"
HISTORY = "admin:readmodels_ordereventreadmodel"
Staff = Callable[..., Client]


def url(name: str, *args: Any) -> str:
    return reverse(name, args=args)
