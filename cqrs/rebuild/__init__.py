"""Rebuild and verify projections: fill copies of their tables, compare, swap, repair."""
