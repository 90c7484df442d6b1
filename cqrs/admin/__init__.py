"""The read models and the parked events in the admin."""
