"""Bound requests: what stays between calls is read, checked and laid out once."""
