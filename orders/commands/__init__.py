"""The commands of orders and stock: one module per use case, and the table of handlers."""

from orders.commands.cancel_order import CancelOrder, cancel_order
from orders.commands.confirm_order import ConfirmOrder, confirm_order
from orders.commands.create_order import CreateOrder, create_order
from orders.commands.deliver_order import DeliverOrder, deliver_order
from orders.commands.import_order import ImportOrder, import_order
from orders.commands.set_stock import SetStock, set_stock
from orders.commands.ship_order import ShipOrder, ship_order

__all__ = [
    "HANDLERS",
    "CancelOrder",
    "ConfirmOrder",
    "CreateOrder",
    "DeliverOrder",
    "ImportOrder",
    "SetStock",
    "ShipOrder",
]

HANDLERS = {
    CreateOrder: create_order,
    ConfirmOrder: confirm_order,
    ShipOrder: ship_order,
    DeliverOrder: deliver_order,
    CancelOrder: cancel_order,
    SetStock: set_stock,
    ImportOrder: import_order,
}
