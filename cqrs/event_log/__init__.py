"""Events: what they are, how they get into the log, and in which order they are read."""
