"""Plans: what the pieces of a batch share, made ready to compute once and kept by id."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
import torch

from gridgrad_core.errors import GridgradError, InternalError, NotPreparedError, TooLargeError, UnknownFunctionError
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.program import Program
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.device import Device
from gridgrad_worker.devices.slots import MappedSlots
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.runtime.call_template import TileCall
from gridgrad_worker.engines.compiled.tier import Tier, TierState
from gridgrad_worker.engines.compiled.tiered_engine import TieredEngine
from gridgrad_worker.engines.functional.functional_engine import Array, FunctionalEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.structured.planning.explain import explanation_of
from gridgrad_worker.engines.tiles import ArrayValues, Tile
from gridgrad_worker.piece_messages import ArrayLayout, Recalled, TileLayout, entries_of, read_layout
from gridgrad_worker.registered.bind import bind
from gridgrad_worker.registered.registry import Registration
from gridgrad_worker.torch_ops.evaluate import torch_function

__all__ = ["Engine", "EngineName", "WorkerProgram", "WorkerPrograms", "make_program", "read_dtype"]

_log = logging.getLogger(__name__)

_ALIGNMENT = 64

_LAYOUTS_KEPT = 256

EngineName = Literal["structured", "functional"]


class Engine(Protocol):
    """Computes the pieces of a plan."""

    name: str
    tier: str

    def compute(self, pieces: Sequence[Tile], outs: Sequence[Array]) -> None:
        """Computes pieces together into [derivatives * components, points] each."""


class WorkerProgram(NamedTuple):
    """A plan that is ready to compute.

    Args:
        axes: for each input, which of the grid's dims its own are.
        ndim: how many dims the grid has.
        planes: how many numbers a point has in the results.
        message: what it was made from.
        layouts: of the pieces seen last, by their bytes.
        recalled: how compiled code has computed pieces, by the bytes of their layouts.
        untiered: why there are no tiers to choose from; empty where there are.
    """

    engine: Engine | TieredEngine
    axes: tuple[tuple[int, ...], ...]
    ndim: int
    planes: int
    message: pb.Plan
    layouts: dict[bytes, TileLayout]
    recalled: dict[bytes, Recalled]
    untiered: str = ""

    @property
    def registered(self) -> str | None:
        """The name of the registered function; None for an expression."""
        return self.message.registered if self.message.WhichOneof("function") == "registered" else None

    @property
    def state(self) -> TierState:
        """Whether there is compiled code."""
        return self.engine.state if isinstance(self.engine, TieredEngine) else TierState("never", self.untiered)

    def prepare(self) -> None:
        """Has compiled code made in the background, if there can be any."""
        if isinstance(self.engine, TieredEngine):
            self.engine.prepare()

    def explained(self) -> pb.Explanation:
        """What is computed.

        Raises:
            GridgradError: it is a registered function, or too large.
        """
        if isinstance(self.engine, TieredEngine):
            self.engine.look()
        return explanation_of(self.message)

    def compute(self, pieces: Sequence[Tile], outs: Sequence[Array], tiers: Sequence[str]) -> list[str]:
        """Computes pieces together.

        Args:
            pieces: what to compute.
            outs: for each of them, where its results go.
            tiers: for each of them the tier that it must be computed in, or "".

        Returns:
            For each of them the tier that it was computed in; "" where the engine has none.

        Raises:
            GridgradError: what is wrong with one of them.
        """
        if isinstance(self.engine, TieredEngine):
            return self.engine.compute(pieces, outs, tiers)
        if "compiled" in tiers:
            raise NotPreparedError("tier", f"'compiled', but {self.untiered}", "ask for tier='auto'")
        self.engine.compute(pieces, outs)
        return [self.engine.tier] * len(pieces)

    def layout(self, raw: bytes) -> TileLayout:
        """What a PieceLayout says; read once, since most pieces differ in their numbers alone.

        Raises:
            InternalError: it does not fit the plan.
        """
        known = self.layouts.get(raw)
        if known is None:
            known = self._read(pb.PieceLayout.FromString(raw))
            if len(self.layouts) >= _LAYOUTS_KEPT:
                self.layouts.clear()
                self.recalled.clear()
            self.layouts[raw] = known
        return known

    def _read(self, layout: pb.PieceLayout) -> TileLayout:
        if len(layout.inputs) != len(self.axes) or not len(layout.start) == len(layout.shape) == self.ndim:
            found = f"{len(layout.inputs)} inputs and {len(layout.start)} dims for {len(self.axes)} and {self.ndim}"
            raise InternalError("batch.pieces", found, "please report it")
        return read_layout(layout, self.axes)

    def remember(self, sent: pb.Piece, piece: Tile, out: Array) -> None:
        """Takes down how compiled code has computed a piece, for `recall`."""
        if entries_of(sent) == 1 and out.size and isinstance(self.engine, TieredEngine):
            recipe = self.engine.recipe(piece, out)
            if recipe is not None:
                layout = self.layout(sent.layout)
                self.recalled[sent.layout] = Recalled(recipe, layout, self.planes, out.itemsize)

    def recall(self, sent: pb.Piece, slot: int, slots: MappedSlots) -> TileCall | None:
        """What computes a piece in compiled code, as one of the same layout before; None where none was.

        Args:
            sent: the piece.
            slot: the id of the batch's first.
            slots: all slots.

        Raises:
            InternalError: an array does not lie in its slot.
        """
        recalled = self.recalled.get(sent.layout)
        if recalled is None or sent.tier == "direct" or entries_of(sent) > 1:
            return None
        return recalled.call(sent, slot, slots)

    def pieces(self, piece: pb.Piece, slots: MappedSlots) -> list[Tile]:
        """A piece of a batch, one for each of its entries, its arrays viewed in their slots.

        Raises:
            InternalError: it does not fit the plan, or an array does not lie in its slot.
        """
        inputs, subgrid = self.layout(piece.layout)
        values = [
            self._arrays(given, axes, piece, slots) if isinstance(given, ArrayLayout) else [given] * entries_of(piece)
            for given, axes in zip(inputs, self.axes, strict=True)
        ]
        each = zip(*values, strict=True) if values else [()] * entries_of(piece)
        return [Tile(own, subgrid) for own in each]

    def _arrays(
        self, place: ArrayLayout, axes: tuple[int, ...], piece: pb.Piece, slots: MappedSlots
    ) -> list[ArrayValues]:
        """The arrays of an input, one for each entry of a piece."""
        slot, offset, entries = piece.inputs_slot, piece.inputs_offset + place.offset, entries_of(piece)
        if not place.stacked:
            return [ArrayValues(slots.array(slot, offset, place.shape, place.dtype), axes, self.ndim)] * entries
        offset += piece.first_entry * math.prod(place.shape) * np.dtype(place.dtype).itemsize
        stack = slots.array(slot, offset, (entries, *place.shape), place.dtype)
        return ArrayValues.each(stack, axes, self.ndim)

    def outs(self, piece: pb.Piece, slot: int, slots: MappedSlots) -> list[Array]:
        """Where the results of the entries of a piece go: [planes, points] each, in its slot.

        Args:
            piece: the piece.
            slot: the id of the batch's first.
            slots: all slots.
        """
        entries, points, dtype = entries_of(piece), self.layout(piece.layout).subgrid.points, self.message.dtype
        slot = piece.result_slot or slot
        if entries == 1:
            strides = (piece.result_stride, np.dtype(dtype).itemsize) if piece.result_stride else None
            return [slots.array(slot, piece.result_offset, (self.planes, points), dtype, strides)]
        numbers = self.planes * points
        block = slots.array(slot, piece.result_offset, (entries, _stride(numbers, dtype)), dtype)
        return [*block[:, :numbers].reshape(entries, self.planes, points)]


class WorkerPrograms:
    """The plans of this worker by id, errors included.

    Args:
        device: they compute on.
        registered: the functions that they may name.
        engine: what computes expressions.
        tier: the compiled tier; None where nothing is to be compiled.
    """

    def __init__(
        self,
        device: Device,
        registered: Mapping[str, Registration],
        engine: EngineName,
        tier: Tier | None = None,
    ) -> None:
        self._device = device
        self._engine = engine
        self._registered = registered
        self._tier = tier
        self._plans: dict[int, WorkerProgram | GridgradError] = {}
        self._told: dict[int, TierState] = {}

    def __len__(self) -> int:
        return len(self._plans)

    @property
    def numbers(self) -> list[int]:
        """The ids of all plans."""
        return list(self._plans)

    def news(self, numbers: Iterable[int]) -> Iterator[pb.PlanState]:
        """The states of those of some plans that have changed since they were asked for last."""
        for number in numbers:
            plan = self._plans.get(number)
            if plan is None:
                continue
            if isinstance(plan, WorkerProgram):
                state, engine = plan.state, plan.engine.name
            else:
                state, engine = TierState("never", str(plan)), ""
            if self._told.get(number) != state:
                self._told[number] = state
                yield pb.PlanState(plan_id=number, compiled=state.compiled, why=state.why, engine=engine)

    def of(self, asked: pb.Batch | pb.PlanRequest) -> WorkerProgram:
        """The plan that a message is about. Drops those that it names as forgotten.

        Raises:
            GridgradError: the plan can't be computed: what is wrong with its function or inputs.
        """
        for forgotten in asked.forget_plans:
            self._drop(forgotten)
        if asked.HasField("plan"):
            self._plans[asked.plan_id] = self._made(asked.plan)
        plan = self._plans.get(asked.plan_id)
        if plan is None:
            raise InternalError("plan_id", f"plan {asked.plan_id}, which was never sent", "please report it")
        if isinstance(plan, GridgradError):
            raise plan
        return plan

    def _drop(self, number: int) -> None:
        plan = self._plans.pop(number, None)
        self._told.pop(number, None)
        if isinstance(plan, WorkerProgram) and isinstance(plan.engine, TieredEngine):
            plan.engine.close()

    def _made(self, plan: pb.Plan) -> WorkerProgram | GridgradError:
        try:
            return make_program(plan, self._device, self._registered, self._engine, self._tier)
        except GridgradError as error:
            return error.with_traceback(None)


def make_program(
    plan: pb.Plan,
    device: Device,
    registered: Mapping[str, Registration],
    engine: EngineName,
    tier: Tier | None = None,
) -> WorkerProgram:
    """Makes a plan ready to compute.

    Args:
        plan: what to compute.
        device: where.
        registered: the functions that it may name.
        engine: what computes expressions; registered functions take the functional one.
        tier: the compiled tier; None where nothing is to be compiled.

    Raises:
        GridgradError: its function is none, or lacks inputs.
    """
    dtype = read_dtype(plan.dtype)
    dims = list(dict.fromkeys(dim for each in plan.inputs for dim in each.dims))
    axes = {each.name: tuple(map(dims.index, each.dims)) for each in plan.inputs}
    wanted = tuple(tuple(derivative.wrt) for derivative in plan.derivatives)
    made: Engine | TieredEngine
    if plan.WhichOneof("function") == "registered":
        found = _registered(plan.registered, registered)
        components = len(found.components)
        function = bind(found, list(axes), dtype, device.torch_device)
        made = FunctionalEngine(function, wanted, components, dtype, device, found.mode)
        untiered = "it is a registered function, and only expressions are compiled"
    else:
        program = parse(plan.expression, list(axes))
        components = len(program.components)
        job = CompileJob(str(program), tuple(axes), tuple(axes.values()), len(dims), wanted, plan.dtype, device.name)
        made, untiered = _for_expression(program, job, device, engine)
        if isinstance(made, StructuredEngine) and tier is not None:
            made, untiered = TieredEngine(made, tier, tier.add(job, made)), ""
    return WorkerProgram(made, tuple(axes.values()), len(dims), len(wanted) * components, plan, {}, {}, untiered)


def _for_expression(program: Program, job: CompileJob, device: Device, engine: EngineName) -> tuple[Engine, str]:
    """What computes an expression at once, and why nothing else does."""
    untiered = "the server computes expressions by the functional engine, which has no tiers"
    if engine == "structured":
        try:
            made = StructuredEngine(program, job.inputs, job.ndim, job.wanted, job.torch_dtype, device)
        except TooLargeError as error:
            _log.info("the functional engine takes what is too large to derive: %s", error)
            untiered = f"the functional engine takes what is too large to derive: {error.found}"
        else:
            return made, "the server was started with --no-compile"
    function = torch_function(program, job.names, job.torch_dtype)
    return FunctionalEngine(function, job.wanted, len(program.components), job.torch_dtype, device), untiered


def _registered(name: str, registered: Mapping[str, Registration]) -> Registration:
    found = registered.get(name)
    if found is None:
        remedy = f"use one of {', '.join(registered) or '(none is registered)'}"
        raise UnknownFunctionError("function.registered", f"no function {name!r} is registered", remedy)
    return found


def read_dtype(name: str) -> torch.dtype:
    """The dtype of a name.

    Raises:
        InternalError: it is neither "float32" nor "float64".
    """
    known = {"float32": torch.float32, "float64": torch.float64}
    if name not in known:
        raise InternalError("batch.plan.dtype", repr(name), "please report it")
    return known[name]


def _stride(numbers: int, dtype: str) -> int:
    """How far apart results lie that follow each other, in numbers."""
    in_line = _ALIGNMENT // np.dtype(dtype).itemsize
    return -(-numbers // in_line) * in_line
