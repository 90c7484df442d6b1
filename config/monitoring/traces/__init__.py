"""Traces with OpenTelemetry. Only `switch` works without it: the others need the extra."""
