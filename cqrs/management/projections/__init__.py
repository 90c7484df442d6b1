"""The subcommands of `manage.py projections`, one module each."""
