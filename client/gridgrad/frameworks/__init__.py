"""Served functions inside other packages: torch, JAX, scipy, and the tests of embedders."""
