"""Reductions of requests: what is made of a grid along some of its dims, checked, and in which stages.

A grid of many points is computed in segments, tiles as any others, and what is kept of these is put together by a
worker: the server only carries it from one to the other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from gridgrad_core.errors import RequestError, TooLargeError
from gridgrad_core.grid import Grid
from gridgrad_core.reduction import KINDS, LEAST_SQUARES, LOSSES, PULLBACK
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.programs import ParsedText

__all__ = [
    "ELEMENTS_DIM",
    "MOST_PARAMETERS",
    "STATES_DIMS",
    "DecodedResiduals",
    "Reduction",
    "Stage",
    "check_pairs",
    "check_pullback",
    "check_weights",
    "plan_reduction",
    "read_reduction",
]

Stage = Literal["whole", "partial", "combined"]

MOST_PARAMETERS = 64
"""Of least squares: the sums are half of their square."""

ELEMENTS_DIM = "elements"
"""The dim of a pull-back: the sum, then the gradient by each input, its elements in C order."""

STATES_DIMS = ("states", "segments")
"""Dims of what is kept of segments, before those that stay; nobody sees these names."""


class DecodedResiduals(NamedTuple):
    """What residuals are taken from, and what counts how much.

    Args:
        data: an expression of inputs.
        skip_nan: whether points whose data are nan are left out.
        loss: one of `gridgrad_core.reduction.LOSSES`.
        loss_scale: about how large a residual counts in full.
    """

    data: str
    skip_nan: bool = False
    loss: str = "linear"
    loss_scale: float = 1.0


class Reduction(NamedTuple):
    """What is made of a grid.

    Args:
        kind: one of `gridgrad_core.reduction.KINDS`.
        dims: that go, in the grid's order.
        weights: an expression of inputs that have no other dims; of a pull-back the cotangents. Empty for 1.
        stage: "whole" for the results, "partial" for what is kept of segments, "combined" for results made of that.
        segment_blocks: how many blocks a segment has.
        residuals: of least squares; None of all else.
    """

    kind: str
    dims: tuple[str, ...]
    weights: str = ""
    stage: Stage = "whole"
    segment_blocks: int = 0
    residuals: DecodedResiduals | None = None

    @property
    def is_pullback(self) -> bool:
        """Whether it is a sum with its gradient by the elements of inputs."""
        return self.kind == PULLBACK

    @property
    def dtype(self) -> str:
        """Of what a stage gives; empty for the one computed in."""
        return "float64" if self.stage == "partial" else KINDS[self.kind].dtype

    def states(self, planes: int) -> int:
        """How many numbers are kept of a segment of so many planes."""
        return KINDS[self.kind].kept(planes)

    def left(self, dims: Sequence[str]) -> tuple[str, ...]:
        """Those dims of a grid that stay, or the one of a pull-back."""
        if self.is_pullback:
            return (ELEMENTS_DIM,)
        return tuple(dim for dim in dims if dim not in self.dims)


def read_reduction(message: pb.Reduction, grid: Grid) -> Reduction:
    """Checks all of a reduction that can be checked without its function and weights.

    Raises:
        RequestError: something in it is wrong; the error names the field.
    """
    kind = KINDS.get(message.kind)
    if kind is None:
        raise RequestError("reduction.kind", repr(message.kind), f"use one of {', '.join(KINDS)}")
    if kind.elements:
        if message.dims:
            raise RequestError("reduction.dims", f"{[*message.dims]}", "leave them out: a pull-back is of all dims")
        return Reduction(message.kind, grid.dims, message.weights, residuals=_residuals(message, pairs=False))
    for dim in message.dims:
        if dim not in grid.dims:
            remedy = f"use one of {', '.join(grid.dims) or '(the grid has no dims)'}"
            raise RequestError("reduction.dims", f"the dim {dim!r}, which the grid has not", remedy)
    if not message.dims or len(set(message.dims)) < len(message.dims):
        raise RequestError("reduction.dims", f"{[*message.dims]}", "name one dim of the grid at least, and each once")
    if message.weights and not kind.weighs:
        weighing = ", ".join(name for name, each in KINDS.items() if each.weighs)
        raise RequestError("reduction.weights", f"weights of a {message.kind!r}", f"give weights to one of {weighing}")
    dims = tuple(dim for dim in grid.dims if dim in message.dims)
    empty = next((dim for dim in dims if not grid.shape[grid.dims.index(dim)]), None)
    if empty is not None and not kind.of_none:
        raise RequestError("reduction.kind", f"{message.kind!r} along {empty!r}, which is empty", "give it values")
    return Reduction(message.kind, dims, message.weights, residuals=_residuals(message, pairs=kind.pairs))


def _residuals(message: pb.Reduction, *, pairs: bool) -> DecodedResiduals | None:
    """What residuals are taken from, where the kind is of such.

    Raises:
        RequestError: there is nothing, or something where there are no residuals; no such loss, or no scale of one.
    """
    if not pairs:
        if message.data or message.skip_nan or message.loss or message.loss_scale:
            raise RequestError("reduction.data", f"residuals of a {message.kind!r}", f"use the kind {LEAST_SQUARES!r}")
        return None
    if not message.data:
        raise RequestError("reduction.data", "no data", "give an expression, such as the name of an input")
    loss, scale = message.loss or LOSSES[0], message.loss_scale or 1.0
    if loss not in LOSSES:
        raise RequestError("reduction.loss", repr(loss), f"use one of {', '.join(LOSSES)}")
    if not 0 < scale < math.inf:
        raise RequestError("reduction.loss_scale", f"{scale}", "give a finite number greater than 0")
    return DecodedResiduals(message.data, message.skip_nan, loss, scale)


def check_pairs(
    components: int,
    derivatives: Sequence[tuple[str, ...]],
    inputs: Sequence[tuple[str, tuple[str, ...]]],
    reduction: Reduction,
) -> None:
    """Checks a function of residuals.

    Args:
        components: how many it has.
        derivatives: by the parameters.
        inputs: the name and the dims of each input.
        reduction: what is made of the residuals.

    Raises:
        RequestError: it has several components, there are derivatives of another order than the first, or a parameter
            varies along a dim that goes, and so is many.
        TooLargeError: there are too many parameters.
    """
    if components > 1:
        raise RequestError("function", f"{components} components", "give a function of one, or fit one at a time")
    if any(len(wrt) != 1 for wrt in derivatives):
        raise RequestError("derivatives", "one of a higher order", "ask for first derivatives by the parameters")
    dims = dict(inputs)
    for (name,) in derivatives:
        if gone := [dim for dim in dims.get(name, ()) if dim in reduction.dims]:
            found = f"{name!r}, which varies along {gone[0]!r}, a dim that is summed over"
            raise RequestError("derivatives", found, "sum over the other dims alone, or give it as numbers")
    if len(derivatives) > MOST_PARAMETERS:
        found = f"{len(derivatives)} parameters"
        raise TooLargeError("derivatives", found, f"give at most {MOST_PARAMETERS} at a time")


def check_pullback(
    components: int,
    derivatives: Sequence[tuple[str, ...]],
    used: Collection[str],
    weights: ParsedText | None,
) -> None:
    """Checks a pull-back.

    Args:
        components: how many the function has.
        derivatives: by the inputs that the gradient is by.
        used: the inputs that the function uses.
        weights: the cotangents; None for ones.

    Raises:
        RequestError: there are not as many cotangents as components, or a gradient by what the function does not use.
    """
    if weights and len(weights.components) != components:
        found = f"{len(weights.components)} cotangents of {components} components"
        remedy = f"give a tuple of {components}" if components > 1 else "give one expression"
        raise RequestError("reduction.weights", found, remedy)
    for position, wrt in enumerate(derivatives):
        if len(wrt) != 1:
            raise RequestError(f"derivatives[{position}]", "one of a higher order", "ask for first derivatives")
        if wrt[0] not in used:
            found = f"a gradient by {wrt[0]!r}, which the function does not use"
            remedy = f"leave it out, or use one of {', '.join(sorted(used)) or '(it uses none)'}"
            raise RequestError(f"derivatives[{position}]", found, remedy)


def check_weights(
    reduction: Reduction, field: str, weights: ParsedText, inputs: Sequence[tuple[str, tuple[str, ...]]]
) -> None:
    """Checks weights against the inputs of a request.

    Args:
        reduction: that has them.
        field: where they stand: "weights", or "data".
        weights: what their text was parsed to.
        inputs: the name and the dims of each input.

    Raises:
        RequestError: they are several, use what is not given, or vary along a dim that stays.
    """
    dims = dict(inputs)
    if weights.tuple_valued and not reduction.is_pullback:
        raise RequestError(f"reduction.{field}", "a tuple", "give one expression")
    for name in weights.inputs:
        if name not in dims:
            raise RequestError(f"reduction.{field}", f"{name!r}, which is no input", "add an input of that name")
        if (other := [dim for dim in dims[name] if dim not in reduction.dims]) and not reduction.residuals:
            found = f"{name!r}, which varies along {other[0]!r}, a dim that stays"
            raise RequestError("reduction.weights", found, f"use inputs along {', '.join(reduction.dims)} alone")


def plan_reduction(reduction: Reduction, dims: Sequence[str], planes: int) -> wpb.PlanReduction:
    """What a worker is told of a reduction.

    Args:
        reduction: what is made of a grid.
        dims: of the grid, in order.
        planes: how many numbers a result has.
    """
    return wpb.PlanReduction(
        kind=reduction.kind,
        dims=[dims.index(dim) for dim in reduction.dims],
        weights=reduction.weights,
        stage=reduction.stage,
        segment_blocks=reduction.segment_blocks,
        planes=planes,
        **(reduction.residuals._asdict() if reduction.residuals else {}),
    )
