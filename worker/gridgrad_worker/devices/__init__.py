"""Devices: where chunks are computed, and how numbers come there and back."""
