"""Runs a plan on the grids of a batch."""
