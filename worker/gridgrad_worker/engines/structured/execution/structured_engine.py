"""The structured engine: expressions, derived, hoisted to the dims that they depend on, run in windows."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.errors import TooLargeError
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.devices.device import Device, is_out_of_memory
from gridgrad_worker.devices.threads import one_thread_where_short
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.execution.panels import (
    Segment,
    common_shape,
    deep_panel_shape,
    panel_shape,
    panels_of,
    request_shape,
    segments,
)
from gridgrad_worker.engines.structured.execution.products import SMALL
from gridgrad_worker.engines.structured.execution.runner import PlanRunner
from gridgrad_worker.engines.structured.planning.derived_plan import DerivedPlan, derive_plan
from gridgrad_worker.engines.structured.planning.guard import Guard, Ranges, merged
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan, make_plan
from gridgrad_worker.engines.tiles import Tile
from gridgrad_worker.torch_ops.lookups import BoundTable, looking_up

__all__ = ["StructuredEngine"]

_ALONE = 1 << 15  # points of a request that is computed by itself: the calls for it are no more than the work
_TOGETHER = 1 << 20  # points of a group of requests of one shape; on a GPU, of a request that is computed by itself too
_ROUNDED = 16
_CALL_POINTS = 1 << 13  # to call an operation takes as long as to run it on so many points
_PRODUCT_CALLS = 8  # a separated sum takes as long as so many operations, beside what it computes on all points
_GUARD_POINTS = 1 << 20  # the guard takes as long as one operation on so many points
_MOST_PANELS = 64  # a request of more is never separated: looking at all of it for each tile would take too long


class StructuredEngine:
    """Computes an expression and its partials over tiles.

    Args:
        program: the expression, or it derived already.
        inputs: for each of the plan's inputs, in order, the dims of the grid that it has.
        ndim: how many dims the grid has.
        wanted: the derivatives in the order of the results, the value () first, by positions of inputs.
        dtype: computed in throughout.
        device: computed on.
        tables: that the program calls.
        separating: whether sums are separated and products regrouped, where the guard allows it; None for
            where that takes less time.

    Attributes:
        plan: what is run for requests that the guard lets pass; for all, if there is none.
        guard: decides for requests whether the plan may be run; None if nothing is separated.
        tables: that it looks up.
    """

    name = "structured"
    tier = "direct"

    def __init__(
        self,
        program: Program | DerivedPlan,
        inputs: Mapping[str, Sequence[int]],
        ndim: int,
        wanted: Sequence[tuple[int, ...]],
        dtype: torch.dtype,
        device: Device,
        tables: Sequence[BoundTable] = (),
        *,
        separating: bool | None = None,
    ) -> None:
        self._device = device
        self.tables = tables
        names = list(inputs)
        masks = {name: sum(1 << dim for dim in dims) for name, dims in inputs.items()}
        derived = (
            program
            if isinstance(program, DerivedPlan)
            else derive_plan(program, [tuple(names[i] for i in each) for each in wanted], masks)
        )
        self._sources = [next(i for i, dims in enumerate(inputs.values()) if dim in dims) for dim in range(ndim)]
        self._runner = functools.partial(PlanRunner, dtype=dtype, device=device)
        # The guard would wait for the GPU before each launch, and save operations, which a GPU has to spare
        separating = False if separating is None and device.transfers is not None else separating
        self._make_plain = functools.partial(make_plan, derived.nodes, derived.outputs, masks, ndim)
        self.guard: Guard | None = None
        separated = derived.separated
        self.ranks = separated.ranks
        self._saved = math.inf if separating else separated.saved
        if separated.checked and separating is not False:
            watched = [step for total in separated.checked for term in total for steps in term for step in steps]
            self.plan = make_plan(separated.nodes, separated.outputs, masks, ndim, watched)
            self.guard = Guard(self.plan, separated.checked, dtype)
        else:
            self.plan = self.plain_plan
        self._alone = _ALONE if device.transfers is None else _TOGETHER
        shape_of_panels = panel_shape if device.transfers is None else deep_panel_shape
        self._panel_shape = functools.lru_cache(maxsize=1024)(
            lambda shape, plan=self.plan: shape_of_panels(shape, plan)
        )
        self._decided: tuple[Hashable, bool] = (None, False)
        self._guarded: tuple[object, NDArray[np.bool_]] = (None, np.ones(0, bool))

    @functools.cached_property
    def plain_plan(self) -> ExecutionPlan:
        """What is run for requests that the guard stops; made for the first of it, or to be compiled."""
        return self._make_plain()

    @functools.cached_property
    def _plain(self) -> PlanRunner:
        """Runs what the guard stops; made for the first of it."""
        return self._runner(self.plain_plan)

    @functools.cached_property
    def _separated(self) -> PlanRunner:
        """Runs what the guard lets pass."""
        return self._runner(self.plan)

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        """Computes tiles together.

        Args:
            tiles: what to compute.
            outs: for each of them, where its results go: [derivatives * components, points], of the
                computing dtype, the points in C order.

        Raises:
            TooLargeError: not even a small window fits into the memory.
        """
        # Values beyond float32 become inf there, as IEEE has it
        with np.errstate(over="ignore", invalid="ignore"), looking_up(self.tables):
            parts: list[Segment] = []
            for tile, out in zip(tiles, outs, strict=True):
                shape = request_shape(tile, self._sources)
                parts.extend(segments(tile, shape, self._panel_shape(shape), out))
            try:
                for group in _groups(parts, self._pays, self._alone):
                    with one_thread_where_short(len(group) * math.prod(common_shape(group))):
                        self._run_within_memory(group)
            finally:
                self._device.drain()

    def _run_within_memory(self, group: list[Segment]) -> None:
        """Computes a group; where there is no memory for it, half of it at a time, then in smaller windows."""
        failure = self._tried(group)
        if failure is None:
            return
        self._device.free()
        if len(group) > 1:
            middle = len(group) // 2
            self._run_within_memory(group[:middle])
            self._run_within_memory(group[middle:])
        elif not self._shrink():
            found = f"there is no memory for {math.prod(group[0].shape)} points: {failure}"
            raise TooLargeError("inputs", found, "ask for a smaller grid or fewer derivatives at a time")
        else:
            self._run_within_memory(group)

    def _shrink(self) -> bool:
        made = [vars(self)[name] for name in ("_plain", "_separated") if name in vars(self)]
        shrunk = [runner.shrink() for runner in made]
        return all(shrunk)

    def _tried(self, group: list[Segment]) -> str | None:
        try:
            self._run(group)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            return str(error)  # without the traceback, which would hold on to what was allocated
        return None

    def _pays(self, shape: tuple[int, ...]) -> bool:
        """Whether separation saves a request of this shape more than its products and its guard take."""
        saved = self._saved * (_CALL_POINTS + math.prod(shape)) - len(self.ranks) * _PRODUCT_CALLS * _CALL_POINTS
        return self.guard is not None and saved >= _GUARD_POINTS

    def _run(self, group: list[Segment]) -> None:
        if self.guard is None or not self._pays(group[0].shape):
            self._plain.run(group)
        elif group[0].panel.shape != group[0].shape:
            (self._separated if self._holds(group[0]) else self._plain).run(group)
        else:
            self._run_guarded(self.guard, group)

    def _run_guarded(self, guard: Guard, group: list[Segment]) -> None:
        """Computes whole requests, with the guard looking at what is computed for them anyway."""
        known = self._separated.hoisted(group)
        if known is not self._guarded[0]:
            self._guarded = (known, guard.holds(guard.ranges(known, len(group))))
        fine = self._guarded[1]
        if fine.all():
            self._separated.run(group, known)
            return
        parts = [[segment for segment, mine in zip(group, chosen, strict=True) if mine] for chosen in (fine, ~fine)]
        if parts[0]:
            self._separated.run(parts[0])
        self._plain.run(parts[1])

    def _holds(self, segment: Segment) -> bool:
        """Looks at all of a request of several panels."""
        request = (segment.shape, *[values.content for values in segment.inputs])
        if self._decided[0] != request:
            self._decided = (request, self._decide(segment))
        return self._decided[1]

    def _decide(self, segment: Segment) -> bool:
        guard = self.guard
        assert guard is not None, "there is something to guard"  # noqa: S101 - narrows the type
        total: Ranges | None = None
        panels = panels_of(segment, [self.plan.steps[i].mask for i in guard.watched])
        for count, panel in enumerate(panels):
            if count == _MOST_PANELS:
                return False
            known = self._separated.hoisted([panel])
            ranges = guard.ranges(known, 1)
            total = ranges if total is None else merged(total, ranges)
        return total is None or bool(guard.holds(total)[0])


def _groups(parts: Sequence[Segment], pays: Callable[[tuple[int, ...]], bool], alone: int) -> Iterator[list[Segment]]:
    """Brings together what has about one shape, is not large by itself, and is computed in the same way."""
    if len(parts) == 1:
        yield [*parts]
        return
    alike: dict[tuple[tuple[int, ...], bool], list[Segment]] = {}
    for part in parts:
        if part.whole and part.panel.shape == part.shape and part.panel.points < alone:
            alike.setdefault((_rounded_up(part.shape), pays(part.shape)), []).append(part)
        else:
            yield [part]
    for (shape, _), together in alike.items():
        size = max(1, _TOGETHER // math.prod(shape))
        for first in range(0, len(together), size):
            yield together[first : first + size]


def _rounded_up(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that requests are computed in together: what is added is less than what a call of its own costs."""
    if len(shape) > 2 or any(length > SMALL for length in shape):
        return shape  # blocks of matrix products would not be the same
    return tuple(-(-length // _ROUNDED) * _ROUNDED for length in shape)
