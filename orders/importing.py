"""One run over one order CSV: every order becomes commands, or rejected rows."""

from collections import Counter
from uuid import UUID

from cqrs.messaging import bus
from cqrs.messaging.caseless import nfc
from cqrs.messaging.results import Rejected
from customers.public import CustomerState, ImportCustomer, same_email
from orders.commands import ImportOrder
from orders.order_csv import OrderFile, RawOrder
from orders.order_csv_payloads import customer_payload, defects, order_payload
from orders.order_survey import Survey
from orders.rejected_file import RejectedFile

# The columns of the messages' fields where the names differ.
COLUMNS = {"name": "customer_name", "email": "customer_email", "registered_at": "ordered_at"}
IMPORTED, KNOWN, REJECTED = "imported", "known already", "rejected"


class Importer:
    """Sends the orders of a file, and remembers what became of them."""

    def __init__(self, file: OrderFile, found: Survey, rejected: RejectedFile) -> None:
        self.file, self.found, self.rejected = file, found, rejected
        self.counts: Counter[str] = Counter()
        self.known_otherwise: set[UUID] = set()
        """Customers whose name or e-mail address is another one in the file."""
        self._customers: set[tuple[UUID, str, str]] = set()  # those that were accepted

    def take(self, order: RawOrder) -> None:
        """Import one order, or write its rows to the rejected file."""
        reason = self._reason(order)
        if reason is not None:
            self.counts[REJECTED] += 1
            self.rejected.write(self.file.header, order, reason)

    def _reason(self, order: RawOrder) -> str | None:
        if found := defects(order):
            return "invalid: " + "; ".join(found)
        return self.found.reason(order) or self._customer_reason(order) or self._send(order)

    def _customer_reason(self, order: RawOrder) -> str | None:
        payload = customer_payload(order)
        customer = (payload["customer_id"], payload["name"], payload["email"])
        if customer in self._customers:
            return None
        result = bus.send(ImportCustomer, payload)
        if isinstance(result, Rejected):
            return describe(result)
        self._customers.add(customer)
        self._compare(order, payload["name"], payload["email"], result.value)
        return None

    def _compare(self, order: RawOrder, name: str, email: str, known: CustomerState) -> None:
        """Note a customer that is known otherwise. A column that is empty says nothing."""
        given = order.rows[0].values
        differs = given.get("customer_name") and nfc(name) != nfc(known.name)
        if differs or (given.get("customer_email") and not same_email(email, known.email)):
            self.known_otherwise.add(known.id)

    def _send(self, order: RawOrder) -> str | None:
        result = bus.send(ImportOrder, order_payload(order))
        if isinstance(result, Rejected):
            return describe(result)
        self.counts[IMPORTED if result.value.is_new else KNOWN] += 1
        return None


def describe(result: Rejected) -> str:
    """Return a refusal in one line, with each wrong column."""
    details = "; ".join(
        f"{COLUMNS.get(error.field, error.field)}: {error.message}" for error in result.errors
    )
    return f"{result.code}: {details or result.message}"
