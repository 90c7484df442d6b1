"""The databases: their names, cursors, locks and failures."""
