"""Programs that drive the product, each in a process of its own."""
