"""Compares compiled code with the direct tier before it is trusted.

Both tiers round, and functions are not the same to the last digit. What that can make of a result is in the formula: a
difference of two large numbers has lost digits in any code, and a sum of positive ones has not. So a difference is
judged by the bound of the error there (`error_bounds.py`), each point and plane by itself. Where nothing can be told,
beside a pole or an overflow, a point proves nothing; of a plane most points must prove something, or agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_worker.devices.threads import one_thread
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.verification.error_bounds import error_bounds
from gridgrad_worker.engines.compiled.verification.function_errors import is_wrong
from gridgrad_worker.engines.compiled.verification.samples import points_of, sample_tiles
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Tile
from gridgrad_worker.torch_ops.lookups import looking_up

__all__ = ["Comparison", "VerificationError", "compare", "computed", "verify"]

_ALIKE = 4
"""Units in the last place by which results may differ wherever they are: no formula is looked at for that."""

_MOST_UNTOLD = 0.5
"""The share of points at which results of a plane may differ where nothing can be told."""

_TOGETHER = 512
"""Points whose errors are bounded together."""

_Compute = Callable[[Sequence[Tile], Sequence[Array]], None]


class VerificationError(RuntimeError):
    """Compiled code computes something else than the direct tier, or nothing; the message says what and where."""


class Comparison(NamedTuple):
    """Results of both tiers at sample points.

    Args:
        points: of each input its numbers, [inputs, points].
        right: of the direct tier, [planes, points], as is what follows.
        found: of the compiled code.
        doubted: where they are not alike to a few digits.
        allowed: by how much they may differ there, inf where that can't be told; elsewhere 0.
    """

    points: NDArray[np.float64]
    right: Array
    found: Array
    doubted: NDArray[np.bool_]
    allowed: NDArray[np.float64]

    @property
    def untold(self) -> NDArray[np.bool_]:
        """Where they differ and nothing can be told, [planes, points]."""
        return self.doubted & np.isinf(self.allowed)

    @property
    def ratios(self) -> NDArray[np.float64]:
        """The differences as shares of what is allowed where that can be told, [planes, points]; elsewhere 0."""
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            shares = np.abs(self.right.astype(np.float64) - self.found) / self.allowed
        shares[np.isnan(shares)] = np.inf  # nan or inf in one of them
        return np.where(self.doubted & ~self.untold, shares, 0.0)


@one_thread()
def verify(job: CompileJob, direct: StructuredEngine, *codes: _Compute) -> None:
    """Compares over grids of several shapes and ranges, and at the numbers of a caller.

    Args:
        job: what was compiled.
        direct: its direct tier.
        codes: each computes it by compiled code.

    Raises:
        VerificationError: the results differ by more than rounding.
    """
    tiles = sample_tiles(job)
    right = computed(direct, direct.compute, tiles, job.dtype)
    for compute in codes:
        _judge(job, compare(job, direct, tiles, right, computed(direct, compute, tiles, job.dtype)))


def compare(
    job: CompileJob,
    direct: StructuredEngine,
    tiles: Sequence[Tile],
    right: Array,
    found: Array,
    alike: float = _ALIKE,
) -> Comparison:
    """Bounds what rounding may make of the difference of results.

    Args:
        job: what was compiled.
        direct: its direct tier.
        tiles: where.
        right, found: the results there, [planes, points].
        alike: units in the last place by which they may differ anywhere.
    """
    points = points_of(tiles)
    with np.errstate(invalid="ignore", over="ignore"):
        digits = alike * torch.finfo(job.torch_dtype).eps * np.maximum(np.abs(right), np.abs(found))
        near = np.isfinite(right) & np.isfinite(found) & (np.abs(right - found) <= digits)
    doubted = is_wrong(found, right) & ~near
    allowed = np.zeros(doubted.shape)
    places = np.flatnonzero(doubted.any(0))
    for first in range(0, len(places), _TOGETHER):
        here = places[first : first + _TOGETHER]
        allowed[:, here] = _allowed(direct, points[:, here], job.torch_dtype)
    return Comparison(points, right, found, doubted, np.where(doubted, allowed, 0.0))


def _allowed(direct: StructuredEngine, points: NDArray[np.float64], dtype: torch.dtype) -> NDArray[np.float64]:
    """By how much both tiers may differ: each is off by its bound, and by as much again for what bounds leave out.

    Below the normal numbers nothing is told: bounds vanish there, and either tier may flush.
    """
    with looking_up(direct.tables):
        bounds = error_bounds(direct.plain_plan, points, dtype)
        others = bounds
        if direct.guard is not None:
            others = np.maximum(bounds, error_bounds(direct.plan, points, dtype, rewritten=True))
    allowed: NDArray[np.float64] = 2 * (others + bounds) + torch.finfo(dtype).tiny
    return allowed


def computed(direct: StructuredEngine, compute: _Compute, tiles: Sequence[Tile], dtype: str) -> Array:
    """The results of an engine over whole grids, [planes, points].

    Args:
        direct: the direct tier of what is computed.
        compute: computes it.
        tiles: the grids.
        dtype: computed in.
    """
    outs = [np.full((len(direct.plan.outputs), tile.subgrid.points), np.nan, dtype) for tile in tiles]
    compute(tiles, outs)
    together: Array = np.concatenate(outs, 1)
    return together


def _judge(job: CompileJob, comparison: Comparison) -> None:
    ratios = comparison.ratios
    if ratios.size and not ratios.max() <= 1:
        plane, point = np.unravel_index(np.argmax(ratios), ratios.shape)
        raise VerificationError(_said(job, comparison, int(plane), int(point)))
    untold = comparison.untold
    for plane in np.flatnonzero(untold.mean(1) > _MOST_UNTOLD) if untold.size else ():
        raise VerificationError(_said(job, comparison, int(plane), int(np.argmax(untold[plane]))))


def _said(job: CompileJob, comparison: Comparison, plane: int, point: int) -> str:
    at = ", ".join(f"{name}={value:.17g}" for name, value in zip(job.names, comparison.points[:, point], strict=True))
    right, found = comparison.right[plane, point], comparison.found[plane, point]
    allowed = comparison.allowed[plane, point]
    if np.isinf(allowed):
        why = "they differ at most points, where nothing is known of rounding"
    elif np.isfinite(right) and np.isfinite(found):
        difference = abs(float(right) - float(found))
        why = f"they differ by {difference:.3g}, and rounding makes {allowed:.3g} of it there at most"
    else:
        why = "rounding does not make one of the other"
    where = f" at {at}" if at else ""
    return (
        f"compiled code computes {found:.17g} for {_plane_name(job, plane)}{where}, and the direct tier {right:.17g}: "
        f"{why}. The direct tier goes on computing it, more slowly; please report this, with the expression"
    )


def _plane_name(job: CompileJob, plane: int) -> str:
    """Such as "value", "d/dx" or "d²/dx²", and of which component."""
    components = job.program().components
    wrt = [job.names[i] for i in job.wanted[plane // len(components)]]
    raised = {1: "", 2: "²", 3: "³", 4: "⁴"}
    below = "".join(f"d{name}{raised.get(count, f'^{count}')}" for name, count in Counter(wrt).items())
    name = f"d{raised.get(len(wrt), f'^{len(wrt)}')}/{below}" if wrt else "the value"
    return f"{name} of {components[plane % len(components)]}" if len(components) > 1 else name
