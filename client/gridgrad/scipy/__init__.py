"""Interpolants of served tables that take their slopes from the server. Needs the extra `scipy`."""

from __future__ import annotations

from gridgrad.scipy.interpolant import Interpolant
from gridgrad.scipy.measured import MeasuredError
from gridgrad.scipy.table import interpolant

__all__ = ["Interpolant", "MeasuredError", "interpolant"]
