"""What operators and workers do: project, look at the status, handle parked events."""
