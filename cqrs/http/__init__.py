"""Translate HTTP: requests become messages, results become responses."""
