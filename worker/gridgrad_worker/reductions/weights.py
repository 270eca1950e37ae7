"""Weights: what each point counts, as an expression of the inputs that have no other dims than those that go."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Tile
from gridgrad_worker.reductions.grid_reducer import Weights
from gridgrad_worker.torch_ops.lookups import BoundTable

__all__ = ["point_weights"]


def _of_input(position: int, tile: Tile) -> NDArray[np.float64]:
    """The values of an input over a tile."""
    over = tile.inputs[position].over(tile.subgrid)
    return np.asarray(np.broadcast_to(over, tile.subgrid.shape), np.float64).reshape(-1)


def point_weights(
    text: str,
    axes: Mapping[str, Sequence[int]],
    ndim: int,
    device: Device,
    specs: Sequence[TableSpec] = (),
    tables: Sequence[BoundTable] = (),
) -> Weights:
    """What computes the weights of points, in float64 without a compiler.

    Args:
        text: an expression of the inputs.
        axes: for each input, which of the grid's dims its own are.
        ndim: how many dims the grid has.
        device: computed on.
        specs: what tables it may call.
        tables: these, in float64.

    Raises:
        ExpressionError: it is none.
    """
    if text in axes:
        return functools.partial(_of_input, list(axes).index(text))
    program = parse(text, list(axes), specs)
    engine = StructuredEngine(program, axes, ndim, [()], torch.float64, device, tables)

    def weights(tile: Tile) -> NDArray[np.float64]:
        found = np.empty(tile.subgrid.points)
        engine.compute([tile], [found[np.newaxis]])
        return found

    return weights
