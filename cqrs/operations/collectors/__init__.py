"""What is read from the databases at each scrape, one module per subject."""
