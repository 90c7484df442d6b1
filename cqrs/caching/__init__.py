"""Cache answers of queries until a projection changes them."""
