"""Messages, results, and the bus that sends a message to its handler."""
