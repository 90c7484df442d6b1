"""Projections: how events become rows of read models."""
