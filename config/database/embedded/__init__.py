"""The private PostgreSQL: what an unset DATABASE_URL means.

A real server over a data folder of this checkout's own, started by its first user and stopped
by its last. `postgres.urls()` is the whole public face.
"""
