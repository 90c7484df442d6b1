"""The commands of customers: one module per use case, and the table of handlers for the bus."""

from customers.commands.deactivate_customer import DeactivateCustomer, deactivate_customer
from customers.commands.import_customer import ImportCustomer, import_customer
from customers.commands.register_customer import RegisterCustomer, register_customer
from customers.commands.update_customer import UpdateCustomer, update_customer

__all__ = [
    "HANDLERS",
    "DeactivateCustomer",
    "ImportCustomer",
    "RegisterCustomer",
    "UpdateCustomer",
]

HANDLERS = {
    RegisterCustomer: register_customer,
    UpdateCustomer: update_customer,
    DeactivateCustomer: deactivate_customer,
    ImportCustomer: import_customer,
}
