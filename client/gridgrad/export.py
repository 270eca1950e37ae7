"""Many results in one Dataset, at its public place. Needs the extra `xarray`."""

from __future__ import annotations

from gridgrad.results.to_xarray import stack

__all__ = ["stack"]
