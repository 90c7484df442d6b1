"""Drive a running order desk over HTTP with realistic traffic, and measure it."""
