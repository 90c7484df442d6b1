"""The read models in the admin."""
