"""Graphs of operations on tensors, as files have them."""
