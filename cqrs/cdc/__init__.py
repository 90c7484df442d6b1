"""Change data capture with Debezium: captured inserts into the event log wake the projections.

Captured changes of rows say where a write may have bypassed the application. Only their keys are
used: what has changed is found by looking at the row.
"""
