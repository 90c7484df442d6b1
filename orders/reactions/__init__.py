"""The reactions to events of orders."""

from orders.reactions.notify_shipment import NotifyShipment

REACTIONS = (NotifyShipment(),)
