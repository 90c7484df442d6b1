"""List queries: filters, orderings, pages and cursors."""
