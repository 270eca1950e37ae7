"""Fits of served models, and interpolants of served tables with slopes from the server. Needs the extra `scipy`."""

from __future__ import annotations

from gridgrad.frameworks.scipy import (
    FitResult,
    Interpolant,
    MeasuredError,
    ServedResiduals,
    fit,
    interpolant,
    residuals,
)

__all__ = ["FitResult", "Interpolant", "MeasuredError", "ServedResiduals", "fit", "interpolant", "residuals"]
