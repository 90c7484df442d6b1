"""What list queries share: pages, cursors, orderings, specifications."""
