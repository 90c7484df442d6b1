"""Monitor the product: health, metrics and logs."""
