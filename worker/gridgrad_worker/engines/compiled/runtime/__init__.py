"""Loads compiled libraries, keeps them on disk, and runs batches with them."""
