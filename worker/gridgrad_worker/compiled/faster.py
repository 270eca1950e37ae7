"""Functions that are written otherwise for the compiler, which would call a slow routine for them."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

__all__ = ["FASTER"]

FASTER: dict[str, Callable[..., Tensor]] = {}
"""By name, as `gridgrad_worker.operations.VALUES`."""
