"""Project events into the rows of read models."""
