"""Symbolic derivatives of programs, in forward mode."""
