"""Consistency tokens: read your own writes."""
