"""The read half of each resource, in views."""
