"""What is done to a real machine, and undone."""
