"""Reactions: effects outside the read models, such as mails, caused by events.

A reaction begins at the head of the feed when it is first deployed and is never rebuilt. The
hand-over inserts a work row for each of its events, exactly once, on `default`: a lost or rebuilt
read database does not repeat every mail. The executor then acts, row by row. A row that fails is
retried on its own: later events and other reactions do not wait for it.
"""
