"""The databases: aliases, cursors, locks and failures."""
