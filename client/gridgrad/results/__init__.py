"""What callers get back, and what can be made of it."""
