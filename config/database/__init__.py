"""Configure the databases: by alias, the private PostgreSQL, the roles."""
