"""Devices: where tiles are computed, and how numbers come there and back."""
