"""Expressions of sympy made into programs."""
