"""The gradient of a block by a plan of stages: that of all points by the function's engine, the others directly."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.adjoint.pullback_plan import Place, PlannedSum, PullbackPlan, Source, plan_pullback
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.tiered_engine import TieredEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, Subgrid, Tile, subgrids
from gridgrad_worker.pullbacks.grid_pullback import BlockGradients, Compute, PulledBlock
from gridgrad_worker.pullbacks.summation import summed, summed_products

__all__ = ["ReverseBlock", "planned", "stage_job", "whole_stage"]

Floats = NDArray[np.float64]

_LARGE = 2.0**100
"""Of a factor: what it is multiplied with may vanish then, though the product does not."""

_WINDOW_COST = 1 << 19
"""Points times planes that are held at a time."""


class _Numbers:
    """What is known of a block: arrays of all dims of the grid, of length 1 where they do not vary.

    Args:
        named: of inputs, by name.

    Attributes:
        named: the same, and sums.
        stages: of the stages that were computed, [outputs, *dims].
        kept: what the stage of all points has computed that is an answer itself.
    """

    def __init__(self, named: dict[str, Floats]) -> None:
        self.named = named
        self.stages: dict[int, Floats] = {}
        self.kept: dict[Source, Floats] = {}

    def of(self, source: Source) -> Floats:
        """The numbers of a source."""
        if source in self.kept:
            return self.kept[source]
        if not isinstance(source, Place):
            return self.named[source]
        found: Floats = self.stages[source.stage][source.output]
        return found

    def stage(self, number: int) -> Floats:
        """What a stage has computed, [outputs, *dims]."""
        return self.stages[number]


class _Window(NamedTuple):
    """What is known of a window of a block.

    Args:
        known: of the block.
        whole: the number of the stage of all points.
        window: the window.
        planes: what that stage computes there, [outputs, *dims].
    """

    known: _Numbers
    whole: int | None
    window: Subgrid
    planes: Floats

    def of(self, source: Source) -> Floats:
        """The numbers of a source in the window."""
        if isinstance(source, Place) and source.stage == self.whole:
            plane: Floats = self.planes[source.output]
            return plane
        found = self.known.of(source)
        part: Floats = found[_inside(found, self.window)]
        return part

    def stage(self, number: int) -> Floats:
        """What a stage has computed in the window, [outputs, *dims]."""
        if number == self.whole:
            return self.planes
        found = self.known.stages[number]
        part: Floats = found[(slice(None), *_inside(found[0], self.window))]
        return part


class _LowerStage(NamedTuple):
    """A stage of some of the dims, ready to run.

    Args:
        engine: computes it, in float64.
        inputs: the name of each of its inputs, and which of its dims that has.
        dims: its dims.
        outputs: how many there are.
    """

    engine: StructuredEngine | TieredEngine
    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    dims: tuple[int, ...]
    outputs: int


class ReverseBlock:
    """Computes gradients of blocks by a plan.

    Args:
        plan: the plan.
        names: of the function's inputs, in order.
        ndim: how many dims the grid has.
        dtype: that the stage of all points is computed in.
        engines: of the other stages, by their numbers, which compute in float64; see `stage_job`.
        ready: whether compiled code of all stages is ready.
        otherwise: computes blocks where what the plan watches is large.
    """

    def __init__(
        self,
        plan: PullbackPlan,
        names: Sequence[str],
        ndim: int,
        dtype: torch.dtype,
        engines: Mapping[int, StructuredEngine | TieredEngine],
        ready: Callable[[], bool],
        otherwise: BlockGradients | None = None,
    ) -> None:
        self._otherwise = otherwise
        self._ready = ready
        self._plan = plan
        self._names = names
        self._ndim = ndim
        self._dtype = np.dtype("float32" if dtype == torch.float32 else "float64")
        self._whole = whole_stage(plan, ndim)
        self._lower = {number: _lower_stage(plan, number, engine) for number, engine in engines.items()}
        every = list(itertools.chain.from_iterable(plan.sums))
        self._of_points = [each for each in every if self._is_of_points(each.plane)]
        self._later = [[each for each in sums if not self._is_of_points(each.plane)] for sums in plan.sums]
        self._kept = [each for each in (plan.value, *plan.gradient) if each is not None and self._is_whole(each)]

    def of_block(self, run: Compute, block: PulledBlock, tier: str) -> tuple[float, Sequence[Floats | None], str]:
        """The sum, its gradient, and the tier that it was computed in."""
        tier = tier or ("compiled" if self._ready() else "direct")
        box = Subgrid((0,) * self._ndim, block.shape)
        known = _Numbers(dict(zip(self._names, (_floats(each, box) for each in block.inputs), strict=True)))
        for dim, name in self._plan.lengths.items():
            known.named[name] = np.full((1,) * self._ndim, float(block.shape[dim]))
        first = [number for number in self._lower if self._plan.stages[number].level == 0]
        for number in first:
            self._compute(number, known, block.shape, tier)
        if self._otherwise and any((known.of(each) > _LARGE).any() for each in self._plan.watched):
            return self._otherwise.of_block(run, block, tier)
        took = self._points(run, block, tier, known)
        for position, sums in enumerate(self._later):
            number = position - 1
            if number in self._lower and number not in first:
                self._compute(number, known, block.shape, tier)
            known.named.update(_sums(sums, known))
        gradient = [None if each is None else known.of(each) for each in self._plan.gradient]
        return float(known.of(self._plan.value).reshape(())), gradient, took

    def _is_whole(self, source: Source | None) -> bool:
        return isinstance(source, Place) and source.stage == self._whole

    def _is_of_points(self, source: Source) -> bool:
        full = (1 << self._ndim) - 1
        return self._is_whole(source) or (source in self._names and self._plan.masks[str(source)] == full)

    def _points(self, run: Compute, block: PulledBlock, tier: str, known: _Numbers) -> str:
        """Computes all points of a block, window by window, and adds up what is made of them."""
        outputs = 0 if self._whole is None else len(self._plan.stages[self._whole].program.outputs)
        if not outputs and not self._of_points:
            return tier
        sums = {each.name: np.zeros(self._lengths(each, block.shape)) for each in self._of_points}
        kept = {each: np.empty(block.shape) for each in self._kept}
        for window in subgrids(Subgrid((0,) * self._ndim, block.shape), max(1, _WINDOW_COST // max(1, outputs))):
            planes = np.empty((outputs, *window.shape), self._dtype)
            if outputs:
                (tier,) = run([Tile(block.inputs, window)], [planes.reshape(outputs, -1)], [tier])
            here = _Window(known, self._whole, window, planes.astype(np.float64, copy=False))
            for name, part in _sums(self._of_points, here).items():
                sums[name][_inside(sums[name], window)] += part
            for source, whole in kept.items():
                whole[_inside(whole, window)] = here.of(source)
        known.named.update(sums)
        if self._whole is not None:
            known.kept.update(kept)
        return tier

    def _lengths(self, found: PlannedSum, shape: tuple[int, ...]) -> tuple[int, ...]:
        mask = self._plan.masks[found.name]
        return tuple([length if mask >> dim & 1 else 1 for dim, length in enumerate(shape)])

    def _compute(self, number: int, known: _Numbers, shape: tuple[int, ...], tier: str) -> None:
        """Computes a stage of some of the dims."""
        stage = self._lower[number]
        lengths = [shape[dim] for dim in stage.dims]
        inputs = []
        for name, axes in stage.inputs:
            array = known.named[name]
            inputs.append(ArrayValues.of_spread(array.reshape([array.shape[dim] for dim in stage.dims]), axes))
        found = np.empty((stage.outputs, math.prod(lengths)))
        tile = Tile(tuple(inputs), Subgrid((0,) * len(lengths), tuple(lengths)))
        if isinstance(stage.engine, TieredEngine):
            stage.engine.compute([tile], [found], [tier])
        else:
            stage.engine.compute([tile], [found])
        spread = [length if dim in stage.dims else 1 for dim, length in enumerate(shape)]
        known.stages[number] = found.reshape(stage.outputs, *spread)


def planned(
    program: Program,
    cotangents: str,
    axes: Mapping[str, Sequence[int]],
    wrt: tuple[str, ...],
    *,
    multiplying: bool = True,
) -> PullbackPlan:
    """The plan of a pull-back, which its segments share.

    Args:
        program: the function.
        cotangents: the text of those of its components, which may call its tables; empty for ones.
        axes: for each input, which of the grid's dims its own are.
        wrt: the inputs that the gradient is by.
        multiplying: whether exponentials of sums may be derived as products.

    Raises:
        TooLargeError: it takes more operations than derivatives may.
    """
    masks = tuple([(name, sum(1 << dim for dim in dims)) for name, dims in axes.items()])
    return _planned_once(program, cotangents, masks, wrt, multiplying=multiplying)


@functools.lru_cache(maxsize=64)
def _planned_once(
    program: Program, cotangents: str, masks: tuple[tuple[str, int], ...], wrt: tuple[str, ...], *, multiplying: bool
) -> PullbackPlan:
    given = parse(cotangents, [name for name, _ in masks], program.tables) if cotangents else None
    return plan_pullback(program, given, dict(masks), wrt, multiplying=multiplying)


def whole_stage(plan: PullbackPlan, ndim: int) -> int | None:
    """The number of the stage that looks at all points; None where nothing varies along all dims."""
    full = (1 << ndim) - 1
    stages = (number for number, stage in enumerate(plan.stages) if (stage.level, stage.mask) == (0, full))
    return next(stages, None)


def _lower_stage(plan: PullbackPlan, number: int, engine: StructuredEngine | TieredEngine) -> _LowerStage:
    stage = plan.stages[number]
    dims = _dims_of(stage.mask)
    inputs = [(name, tuple([dims.index(d) for d in _dims_of(plan.masks[name])])) for name in stage.program.inputs]
    return _LowerStage(engine, tuple(inputs), dims, len(stage.program.outputs))


def stage_job(plan: PullbackPlan, number: int, device: str, tables: tuple[TableSpec, ...], bound: str) -> CompileJob:
    """What is computed by a stage of some of the dims, in float64, on a grid of these.

    Args:
        plan: has the stage.
        number: of the stage.
        device: computed on.
        tables: that the function calls.
        bound: the digest of their numbers.
    """
    stage = plan.stages[number]
    dims, names = _dims_of(stage.mask), stage.program.inputs
    own = tuple([tuple([dims.index(dim) for dim in dims if plan.masks[name] >> dim & 1]) for name in names])
    return CompileJob(stage.program.text, names, own, len(dims), ((),), "float64", device, tables=tables, bound=bound)


def _dims_of(mask: int) -> tuple[int, ...]:
    return tuple([dim for dim in range(mask.bit_length()) if mask >> dim & 1])


def _sums(sums: Sequence[PlannedSum], known: _Numbers | _Window) -> dict[str, Floats]:
    """Sums by name; those of one stage, and those of one array with many others, are made together."""
    found: dict[str, Floats] = {}
    of_stages: dict[tuple[int, int], list[tuple[str, int]]] = {}
    products: dict[Any, list[tuple[str, Floats]]] = {}
    for name, plane, factor, over in sums:
        if factor is not None:
            array = known.of(factor)
            products.setdefault((plane, over, array.shape), []).append((name, array))
        elif isinstance(plane, Place):
            of_stages.setdefault((plane.stage, over), []).append((name, plane.output))
        else:
            found[name] = summed(known.of(plane), over)
    for (stage, over), planes in of_stages.items():
        outputs = [output for _, output in planes]
        rows = known.stage(stage)
        together = summed(rows if outputs == [*range(len(rows))] else rows[outputs], over << 1)
        found.update(zip((name for name, _ in planes), together, strict=True))
    for (plane, over, _), factors in products.items():
        made = summed_products(known.of(plane), [array for _, array in factors], over)
        found.update(zip((name for name, _ in factors), made, strict=True))
    return found


def _floats(values: InputValues, box: Subgrid) -> Floats:
    return np.asarray(values.over(box), np.float64)


def _inside(whole: Floats, window: Subgrid) -> tuple[slice, ...]:
    """Where a window lies in an array, of which some dims may be of length 1."""
    each = zip(whole.shape, *window, strict=True)
    return tuple([slice(None) if length == 1 else slice(start, start + own) for length, start, own in each])
