"""How changes of other programs to orders and stock become events of their streams."""

from collections.abc import Sequence
from typing import Any

from cqrs.adoption.adapter import Adapter
from orders.adoption.order_adapter import OrderAdapter
from orders.adoption.stock_adapter import StockAdapter

ADAPTERS: Sequence[Adapter[Any]] = (OrderAdapter(), StockAdapter())
