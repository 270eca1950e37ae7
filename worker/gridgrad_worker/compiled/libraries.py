"""Compiled libraries, loaded: called with tensors, they write to some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

__all__ = ["GRID", "HOIST", "Library", "load"]

HOIST, GRID = "hoist.so", "grid.so"
"""The names of the libraries of a package."""

Library = Callable[[Sequence[Tensor]], object]


def load(path: Path) -> Library:
    """Loads a library. Takes some milliseconds; `torch._inductor`, which would take a second, is not needed.

    Raises:
        RuntimeError: it is none.
    """
    runner = torch._C._aoti.AOTIModelContainerRunnerCpu(str(path), 1)

    def run(tensors: Sequence[Tensor]) -> object:
        return runner.run(list(tensors))

    return run
