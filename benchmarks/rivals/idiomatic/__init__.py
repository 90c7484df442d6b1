"""The plain way to place an order: a DRF endpoint over the ORM, in one transaction.

No events, no idempotency, no read side, no login.
"""
