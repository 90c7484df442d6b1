"""Wire the product: settings, addresses, the private servers, and the Celery app of all tasks."""

import gc

# What is imported stays. To look for garbage among it takes a fifth of the time that a process
# needs to begin; `apps.py` goes on when everything is imported.
gc.disable()
