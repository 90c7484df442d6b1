"""Wiring: settings, addresses, the private servers, and the Celery app that all tasks belong to."""
