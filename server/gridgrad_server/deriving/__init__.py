"""Helpers, as the server sees them: what is given to them, in whose turn, and for how long."""
