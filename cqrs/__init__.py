"""The kernel: messages, results, the bus and its pipeline, the event log and its consumers.

It knows nothing of orders or customers, so that both write apps and the read side can lie on it.
"""
