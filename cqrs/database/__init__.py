"""What the kernel knows of databases: their names, their cursors, how they fail."""
