"""Formulas that a team shares: read from files when the server starts and at SIGHUP, checked, and called by name."""
