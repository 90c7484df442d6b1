"""What the system is measured against: see docs/performance.md."""
