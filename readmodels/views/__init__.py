"""The read half of each resource."""
