"""Adoption: what other programs write to the tables of aggregates becomes events of their streams.

Every row of an aggregate has a digest of its fields that only the application writes. A row whose
digest does not fit was changed outside. A look compares it, under its lock, with the fold of its
events, and the difference becomes an event: `origin: outside`, with the state before and after.
"""
