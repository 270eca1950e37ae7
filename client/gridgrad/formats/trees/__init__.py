"""Formulas as trees, however they are written, and programs of them."""
