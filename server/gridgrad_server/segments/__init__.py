"""Grids that are reduced in segments: what is computed first, and what is made of it."""
