"""Wire the product: settings, addresses, the private servers, and the Celery app of all tasks."""
