"""Announce to every process what a projection has changed."""
