"""What a projection has changed, announced to every process."""
