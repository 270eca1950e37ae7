"""Metrics and traces: counted and sent only where somebody asked for them."""
