"""What the product is compared with, written as somebody would who believes in it."""
