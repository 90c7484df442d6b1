"""Django's PostgreSQL backend with a cheaper way to find a dead connection."""
