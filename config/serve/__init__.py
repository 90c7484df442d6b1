"""What `manage.py serve` and `make run` need."""
