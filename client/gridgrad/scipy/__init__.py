"""Interpolants of served tables that take their slopes from the server. Needs the extra `scipy`."""

from __future__ import annotations

from gridgrad.frameworks.scipy import Interpolant, MeasuredError, interpolant

__all__ = ["Interpolant", "MeasuredError", "interpolant"]
