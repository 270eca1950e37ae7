"""Fits of served models, and interpolants of served tables that take their slopes from the server.

Interpolants need the extra `scipy`.
"""

from __future__ import annotations

from gridgrad.frameworks.scipy.fit import FitResult, fit
from gridgrad.frameworks.scipy.interpolant import Interpolant
from gridgrad.frameworks.scipy.measured import MeasuredError
from gridgrad.frameworks.scipy.residuals import ServedResiduals, residuals
from gridgrad.frameworks.scipy.table import interpolant

__all__ = ["FitResult", "Interpolant", "MeasuredError", "ServedResiduals", "fit", "interpolant", "residuals"]
