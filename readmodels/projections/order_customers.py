"""Copy the names of customers for the orders projection: order events do not contain them.

A customer that another program deletes leaves its name behind: the orders go on showing it.
"""

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.rows import Row, RowState
from cqrs.projections.table import Table
from customers.events import CustomerChangedOutside, CustomerRegistered, CustomerUpdated
from readmodels.models import OrderCustomer


def customer_note(_: RowState | None, event: RecordedEvent) -> RowState:
    data = event.data.get("after") or event.data
    return {
        "customer_id": event.data["customer_id"],
        "name": data["name"],
        "email": data["email"],
        "version": event.version,
    }


def has_name(event: RecordedEvent) -> bool:
    """Return whether orders must show what the event says of the customer.

    Most changes from outside are of other fields, and a customer's orders are many.
    """
    if event.type != CustomerChangedOutside.wire_name:
        return True
    before, after = event.data["before"] or {}, event.data["after"]
    return after is not None and any(before.get(name) != after[name] for name in ("name", "email"))


def copy_customer_name(note: Row, order: Row) -> bool:
    """Copy the customer's name into the order; return False if the order has it already."""
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
    CustomerChangedOutside.wire_name: customer_note,
}

NOTES = Table(OrderCustomer, partition_key="customer_id")
