"""What many tests need: servers, clients, histories to project, and ways to force a fault."""
