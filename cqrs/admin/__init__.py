"""Read models and parked events in the admin, which imports this package to find them."""

from cqrs.admin import parked

__all__ = ["parked"]
