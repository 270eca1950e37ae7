"""Compares a package with the direct tier before it is trusted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.compiler import CompiledCode
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile

__all__ = ["VerificationError", "verify"]

_RANGES = ((0.3, 1.9), (-1.7, 1.2), (2.0, 40.0), (1e-3, 0.2))
_LENGTHS = ((5, 33), (3, 16), (1, 9))
_FEW = 3
_DIGITS_LOST = 1 << 12
"""How many units in the last place of the largest number of a plane results may differ by."""


class VerificationError(RuntimeError):
    """A package computes something else than the direct tier, or nothing; the message says what."""


def verify(job: CompileJob, direct: StructuredEngine, compiled: CompiledCode) -> None:
    """Compares over grids of several shapes and ranges.

    Raises:
        VerificationError: the results differ by more than rounding.
    """
    for tile in _samples(job):
        planes = len(direct.plan.outputs)
        expected, got = (np.full((planes, tile.subgrid.points), np.nan, job.dtype) for _ in range(2))
        compiled.compute([tile], [got])
        direct.compute([tile], [expected])
        _compare(expected, got, float(torch.finfo(job.torch_dtype).eps))


def _samples(job: CompileJob) -> Iterator[Tile]:
    for low, high in _RANGES:
        for leading, last in _LENGTHS:
            lengths = [*[leading if job.ndim <= _FEW else 2] * (job.ndim - 1), last]
            inputs = []
            for number, dims in enumerate(job.dims):
                count = int(np.prod([lengths[dim] for dim in dims]))
                # No two inputs alike, so that no difference of them is 0 throughout
                values = np.linspace(low, high, count + 2)[1:-1] * (1 + 0.01 * number)
                inputs.append(ArrayValues(values.astype(job.dtype).reshape([lengths[d] for d in dims]), dims, job.ndim))
            yield Tile(tuple(inputs), Subgrid((0,) * job.ndim, tuple(lengths)))


def _compare(expected: Array, got: Array, epsilon: float) -> None:
    for number, (right, found) in enumerate(zip(expected, got, strict=True)):
        if not np.array_equal(np.isnan(right), np.isnan(found)):
            raise VerificationError(f"plane {number} is nan elsewhere than in the direct tier")
        finite = np.isfinite(right)
        if not np.array_equal(right[~finite], found[~finite], equal_nan=True):
            raise VerificationError(f"plane {number} is infinite elsewhere than in the direct tier")
        if not finite.any():
            continue
        allowed = _DIGITS_LOST * epsilon * np.abs(right[finite]).max()
        difference = float(np.abs(right[finite] - found[finite]).max())
        if not difference <= allowed:
            raise VerificationError(f"plane {number} differs by {difference:.3g}, more than {allowed:.3g}")
