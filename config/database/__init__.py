"""The databases by alias, the private PostgreSQL, the roles."""
