"""Building a projection's tables anew beside those that serve, comparing, swapping, verifying."""
