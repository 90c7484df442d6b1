"""The seam between the event log and whoever wants to know of it."""

from django.dispatch import Signal

event_published = Signal()
"""An event was appended. Sent in the writing transaction with `sender` (the event's class),
`event`, `event_id` and `aggregate`. A receiver that raises rolls the command back; a receiver
whose own query fails aborts the transaction, so open a savepoint around it."""
