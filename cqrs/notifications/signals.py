"""The signal that this process sends for the changes that projections announce."""

from django.dispatch import Signal

change_received = Signal()
"""Sent by the listener's thread for each announced change, with `sender` (the listener's class) and
`change`; `change` is None when listening begins, because earlier announcements may be missing."""
