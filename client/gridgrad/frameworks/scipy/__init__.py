"""Interpolants of served tables that take their slopes from the server. Needs the extra `scipy`."""

from __future__ import annotations

from gridgrad.frameworks.scipy.interpolant import Interpolant
from gridgrad.frameworks.scipy.measured import MeasuredError
from gridgrad.frameworks.scipy.table import interpolant

__all__ = ["Interpolant", "MeasuredError", "interpolant"]
