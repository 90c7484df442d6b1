"""Messages, results, and the bus that brings a message to its handler."""
