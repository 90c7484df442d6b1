"""The behaviors that wrap every handler. `cqrs/conf.py` has their order, one table per pipeline."""
