"""What the orders projection notes of every customer, because order events do not name them."""

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.rows import Row, RowState
from cqrs.projections.table import Table
from customers.events import CustomerRegistered, CustomerUpdated
from readmodels.models import OrderCustomer


def customer_note(_: RowState | None, event: RecordedEvent) -> RowState:
    data = event.data
    return {
        "customer_id": data["customer_id"],
        "name": data["name"],
        "email": data["email"],
        "version": event.version,
    }


def copy_customer_name(note: Row, order: Row) -> bool:
    """Give the order its customer's name; return False if there is nothing new in the note."""
    state, name, email = order.state, note.state["name"], note.state["email"]
    known = (state["customer_name"], state["customer_email"]) == (name, email)
    if known and note.position < order.position:
        return False
    state["customer_name"], state["customer_email"] = name, email
    order.position = max(order.position, note.position)
    return True


CUSTOMER_HANDLERS = {
    CustomerRegistered.wire_name: customer_note,
    CustomerUpdated.wire_name: customer_note,
}

NOTES = Table(OrderCustomer, partition_key="customer_id")
