"""What else happens when something happened to an order."""

from orders.reactions.notify_shipment import NotifyShipment

REACTIONS = (NotifyShipment(),)
