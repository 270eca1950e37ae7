"""Grids by HTTP: how people write what they ask for, and the texts and files that answer them."""
