"""What readers see: the catalog, on `replica`."""
