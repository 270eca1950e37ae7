"""Functions on the variables of datasets, block by block. Needs the extra `dask`."""

from __future__ import annotations

from gridgrad.frameworks.xarray.xarray_evaluate import evaluate

__all__ = ["evaluate"]
