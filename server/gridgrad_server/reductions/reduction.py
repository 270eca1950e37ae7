"""Reductions of requests: what is made of a grid along some of its dims, checked, and in which stages.

A grid of many points is computed in segments, tiles as any others, and what is kept of these is put together by a
worker: the server only carries it from one to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Grid
from gridgrad_core.reduction import REDUCTIONS
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.programs import ParsedText

__all__ = ["STATES_DIMS", "Reduction", "Stage", "check_weights", "plan_reduction", "read_reduction"]

Stage = Literal["whole", "partial", "combined"]

STATES_DIMS = ("states", "segments")
"""Dims of what is kept of segments, before those that stay; nobody sees these names."""


class Reduction(NamedTuple):
    """What is made of a grid.

    Args:
        kind: one of `gridgrad_core.reduction.REDUCTIONS`.
        dims: that go, in the grid's order.
        weights: an expression of inputs that have no other dims; empty for 1.
        stage: "whole" for the results, "partial" for what is kept of segments, "combined" for results made of that.
        segment_blocks: how many blocks a segment has.
    """

    kind: str
    dims: tuple[str, ...]
    weights: str = ""
    stage: Stage = "whole"
    segment_blocks: int = 0

    @property
    def dtype(self) -> str:
        """Of what a stage gives; empty for the one computed in."""
        return "float64" if self.stage == "partial" else REDUCTIONS[self.kind].dtype

    def states(self, planes: int) -> int:
        """How many numbers are kept of a segment of so many planes."""
        return planes * REDUCTIONS[self.kind].states + REDUCTIONS[self.kind].shared

    def left(self, dims: Sequence[str]) -> tuple[str, ...]:
        """Those dims of a grid that stay."""
        return tuple(dim for dim in dims if dim not in self.dims)


def read_reduction(message: pb.Reduction, grid: Grid) -> Reduction:
    """Checks all of a reduction that can be checked without its function and weights.

    Raises:
        RequestError: something in it is wrong; the error names the field.
    """
    kind = REDUCTIONS.get(message.kind)
    if kind is None:
        raise RequestError("reduction.kind", repr(message.kind), f"use one of {', '.join(REDUCTIONS)}")
    for dim in message.dims:
        if dim not in grid.dims:
            remedy = f"use one of {', '.join(grid.dims) or '(the grid has no dims)'}"
            raise RequestError("reduction.dims", f"the dim {dim!r}, which the grid has not", remedy)
    if not message.dims or len(set(message.dims)) < len(message.dims):
        raise RequestError("reduction.dims", f"{[*message.dims]}", "name one dim of the grid at least, and each once")
    if message.weights and not kind.weighs:
        weighing = ", ".join(name for name, each in REDUCTIONS.items() if each.weighs)
        raise RequestError("reduction.weights", f"weights of a {message.kind!r}", f"give weights to one of {weighing}")
    dims = tuple(dim for dim in grid.dims if dim in message.dims)
    empty = next((dim for dim in dims if not grid.shape[grid.dims.index(dim)]), None)
    if empty is not None and not kind.of_none:
        raise RequestError("reduction.kind", f"{message.kind!r} along {empty!r}, which is empty", "give it values")
    return Reduction(message.kind, dims, message.weights)


def check_weights(reduction: Reduction, weights: ParsedText, inputs: Sequence[tuple[str, tuple[str, ...]]]) -> None:
    """Checks weights against the inputs of a request.

    Args:
        reduction: that has them.
        weights: what their text was parsed to.
        inputs: the name and the dims of each input.

    Raises:
        RequestError: they are several, use what is not given, or vary along a dim that stays.
    """
    dims = dict(inputs)
    if weights.tuple_valued:
        raise RequestError("reduction.weights", "a tuple", "give one expression")
    for name in weights.inputs:
        if name not in dims:
            raise RequestError("reduction.weights", f"{name!r}, which is no input", "add an input of that name")
        if other := [dim for dim in dims[name] if dim not in reduction.dims]:
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
    )
