"""Checks of served derivatives against finite differences: `Client.check` and `gridgrad check`."""

from __future__ import annotations

__all__ = ["DEFAULT_POINTS"]

DEFAULT_POINTS = 24
"""At how many points of a grid."""
