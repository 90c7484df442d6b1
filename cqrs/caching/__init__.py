"""Answers of queries that are stored until a projection changes them."""
