"""The HTTP edge of the kernel: requests become messages, results become responses."""
