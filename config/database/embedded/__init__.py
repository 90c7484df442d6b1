"""The private PostgreSQL, which is used when DATABASE_URL is not set.

It is a real server with a data folder of this checkout. The first process that uses it starts it,
and the last one stops it. `postgres.urls()` is the public interface.
"""
