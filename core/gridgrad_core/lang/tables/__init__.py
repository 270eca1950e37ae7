"""What is computed for calls of tables."""
