"""Reactions: effects outside the read models, caused by events."""
