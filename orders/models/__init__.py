"""The aggregates of orders, on `default`."""

from orders.models.order import Order
from orders.models.order_line import OrderLine
from orders.models.states import OrderState, StockState
from orders.models.stock_item import StockItem

__all__ = ["Order", "OrderLine", "OrderState", "StockItem", "StockState"]
