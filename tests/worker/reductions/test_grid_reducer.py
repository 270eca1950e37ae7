"""Grids reduced window by window: numpy's results, and the same bits however it is cut and whoever computes beside."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from gridgrad_core.errors import RequestError
from gridgrad_core.reduction import REDUCTIONS, blocks_of
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, LinspaceValues, Subgrid, Tile
from gridgrad_worker.make_program import make_program
from gridgrad_worker.worker_program import WorkerProgram

SHAPE = (35, 13, 90)
RNG = np.random.default_rng(5)
AXES = tuple(np.sort(RNG.normal(size=length)) for length in SHAPE)
INPUTS: tuple[InputValues, ...] = tuple(ArrayValues(axis, (dim,), 3) for dim, axis in enumerate(AXES))
T, K, X = AXES[0][:, None, None], AXES[1][:, None], AXES[2]
GRIDS = np.stack(np.broadcast_arrays(np.sin(T * K) + X, T * np.cos(T * K), np.ones(SHAPE)))
NUMPY: dict[str, Any] = {
    "sum": np.sum,
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
    "argmin": np.argmin,
    "argmax": np.argmax,
    "norm": np.linalg.norm,
    "count_nonfinite": lambda rows, axis: np.sum(~np.isfinite(rows), axis),
}


def plan(kind: str, dims: tuple[int, ...], stage: str = "whole", **fields: Any) -> pb.Plan:
    made = pb.PlanReduction(kind=kind, dims=dims, stage=stage, weights=fields.get("weights", ""))
    made.segment_blocks = fields.get("blocks", 0)
    return pb.Plan(
        expression=fields.get("text", "sin(t*k) + x"),
        dtype=fields.get("dtype", "float64"),
        inputs=[pb.PlanInput(name=name, dims=[name]) for name in "tkx"],
        derivatives=[pb.PlanDerivative(), pb.PlanDerivative(wrt=[1]), pb.PlanDerivative(wrt=[2])],
        reduction=made,
    )


def computed(program: WorkerProgram, *boxes: Subgrid, inputs: tuple[InputValues, ...] = INPUTS) -> list[NDArray[Any]]:
    """The results of boxes that are computed together."""
    dtype = program.pieces._dtype
    outs = [np.empty((program.pieces.planes, math.prod(box.shape)), dtype) for box in boxes]
    program.compute([Tile(inputs, box) for box in boxes], outs, [""] * len(boxes))
    return [out.reshape(-1, *box.shape) for out, box in zip(outs, boxes, strict=True)]


def lengths_left(dims: tuple[int, ...], shape: tuple[int, ...] = SHAPE) -> tuple[int, ...]:
    return tuple(length for dim, length in enumerate(shape) if dim not in dims)


def whole_of(shape: tuple[int, ...]) -> Subgrid:
    return Subgrid((0,) * len(shape), shape)


DIMS = [dims for count in (1, 2, 3) for dims in itertools.combinations(range(3), count)]


@pytest.mark.parametrize("kind", REDUCTIONS)
@pytest.mark.parametrize("dims", DIMS)
def test_what_numpy_makes_of_the_grid(cpu: CpuDevice, kind: str, dims: tuple[int, ...]) -> None:
    left = lengths_left(dims)
    (found,) = computed(make_program(plan(kind, dims), cpu, {}, "structured"), whole_of(left))
    stays = [1 + dim for dim in range(3) if dim not in dims]
    rows = GRIDS.transpose(0, *stays, *(1 + dim for dim in dims)).reshape(3, *left, -1)
    expected = NUMPY[kind](rows, axis=-1)
    if REDUCTIONS[kind].dtype:
        assert found.dtype == np.int64
        assert_array_equal(found[:2], expected[:2])
    else:
        assert_allclose(found, expected, rtol=1e-13, atol=1e-11)


@pytest.mark.parametrize("kind", ["mean", "norm", "argmax", "sum"])
@pytest.mark.parametrize("dims", DIMS)
def test_bits_do_not_depend_on_cuts(cpu: CpuDevice, kind: str, dims: tuple[int, ...]) -> None:
    left = lengths_left(dims)
    (whole,) = computed(program := make_program(plan(kind, dims), cpu, {}, "structured"), whole_of(left))
    if left:
        middle = left[0] // 3
        rest = (0,) * (len(left) - 1)
        parts = computed(
            program,
            Subgrid((0, *rest), (middle, *left[1:])),
            Subgrid((middle, *rest), (left[0] - middle, *left[1:])),
        )
        assert np.concatenate(parts, 1).tobytes() == whole.tobytes()
    blocks = blocks_of([SHAPE[dim] for dim in dims])
    for size in (1, 2, 4):
        segments = blocks.segments(size)
        partial = make_program(plan(kind, dims, "partial", blocks=size), cpu, {}, "structured")
        box = whole_of((segments, *left))
        (states,) = computed(partial, box)
        alone = computed(partial, *(Subgrid((n, *box.start[1:]), (1, *left)) for n in range(segments)))
        assert np.concatenate(alone, 1).tobytes() == states.tobytes()
        assert combined(cpu, kind, states, left).tobytes() == whole.tobytes()


def combined(cpu: CpuDevice, kind: str, states: NDArray[np.float64], left: tuple[int, ...]) -> NDArray[Any]:
    dims = ["states", "segments", *(f"d{n}" for n in range(len(left)))]
    made = pb.PlanReduction(kind=kind, stage="combined", planes=3)
    program = make_program(
        pb.Plan(dtype="float64", inputs=[pb.PlanInput(name="states", dims=dims)], reduction=made), cpu, {}, "structured"
    )
    kept = ArrayValues(states, range(states.ndim), states.ndim)
    (found,) = computed(program, whole_of(left), inputs=(kept,))
    return found


@pytest.mark.parametrize("kind", ["sum", "argmin"])
def test_bits_do_not_depend_on_company(cpu: CpuDevice, kind: str) -> None:
    program = make_program(plan(kind, (0, 2)), cpu, {}, "structured")
    boxes = [Subgrid((first,), (1,)) for first in range(SHAPE[1])]
    together = computed(program, *boxes)
    for box, found in zip(boxes, together, strict=True):
        assert computed(program, box)[0].tobytes() == found.tobytes()


def test_sums_of_float32_do_not_stall(cpu: CpuDevice) -> None:
    ones = (LinspaceValues(1, 1, 1 << 12, 0, 3), LinspaceValues(1, 1, 1 << 13, 1, 3), LinspaceValues(1, 1, 1, 2, 3))
    for kind, expected in (("sum", 33554432.0), ("mean", 1.0)):
        program = make_program(plan(kind, (0, 1), dtype="float32", text="t*k*x"), cpu, {}, "structured")
        (found,) = computed(program, whole_of((1,)), inputs=ones)
        assert found.dtype == np.float32
        assert found[0, 0] == expected


def test_weights_are_expressions_of_what_goes(cpu: CpuDevice) -> None:
    program = make_program(plan("sum", (0, 2), weights="exp(t)*x"), cpu, {}, "structured")
    (found,) = computed(program, whole_of(lengths_left((0, 2))))
    assert_allclose(found, (GRIDS * (np.exp(T) * X)).sum((1, 3)), rtol=1e-12, atol=1e-11)


def test_no_points_are_what_numpy_makes_of_none(cpu: CpuDevice) -> None:
    empty = (INPUTS[0], INPUTS[1], ArrayValues(np.empty(0), (2,), 3))
    left = lengths_left((2,))
    for kind, expected in (("sum", 0.0), ("norm", 0.0), ("count_nonfinite", 0), ("mean", math.nan)):
        (found,) = computed(make_program(plan(kind, (2,)), cpu, {}, "structured"), whole_of(left), inputs=empty)
        assert_array_equal(found, np.full_like(found, expected))
    with pytest.raises(RequestError, match="'min' over no points"):
        computed(make_program(plan("min", (2,)), cpu, {}, "structured"), whole_of(left), inputs=empty)


def test_engines_do_not_tell_requests_apart_by_what_only_weights_use(cpu: CpuDevice) -> None:
    asked = plan("sum", (0, 1, 2), weights="x", text="sin(t*k)")
    del asked.derivatives[2]
    seen: list[Tile] = []
    program = make_program(asked, cpu, {}, "structured")
    engine = program.engine
    compute = engine.compute

    def noted(tiles: Any, outs: Any) -> None:
        seen.extend(tiles)
        compute(tiles, outs)

    engine.compute = noted  # type: ignore[method-assign] # to see what it is given
    (found,) = computed(program, whole_of(()))
    assert_allclose(found[0], (np.sin(T * K) * X).sum(), rtol=1e-11, atol=1e-10)
    assert seen[0].inputs[2].content == (SHAPE[2],)
    assert seen[0].inputs[1].content == INPUTS[1].content
