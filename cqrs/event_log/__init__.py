"""The event log: event types, publishing, the order of the feed, and reading it."""
