"""What every message passes through. The two tables that order them stand in the settings."""
