"""Serve the product in one command: `manage.py serve`, `make run`."""
