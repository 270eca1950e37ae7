"""Plans: what the pieces of a batch share, made ready to compute once and kept by id."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
import torch

from gridgrad.errors import GridgradError, InternalError, TooLargeError, UnknownFunctionError
from gridgrad.lang.parser import parse
from gridgrad.lang.program import Program
from gridgrad_worker.calls import bind
from gridgrad_worker.devices import Device
from gridgrad_worker.expressions import torch_function
from gridgrad_worker.functional import Array, FunctionalEngine
from gridgrad_worker.pieces import ArrayValues, Box, LinspaceValues, Piece
from gridgrad_worker.registry import Registered
from gridgrad_worker.slots import Slots
from gridgrad_worker.structured.engine import StructuredEngine
from gridgrad_worker.v1 import worker_pb2 as pb

__all__ = ["Engine", "EngineName", "Plan", "Plans", "make_plan", "read_dtype"]

_log = logging.getLogger(__name__)

_ALIGNMENT = 64

_LAYOUTS_KEPT = 256

EngineName = Literal["structured", "functional"]


class Engine(Protocol):
    """Computes the pieces of a plan."""

    name: str
    tier: str

    def compute(self, pieces: Sequence[Piece], outs: Sequence[Array]) -> None:
        """Computes pieces together into [derivatives * components, points] each."""


class ArrayPlace(NamedTuple):
    """Where the numbers of an input are, counted from where the inputs of its piece begin.

    Args:
        stacked: whether there is an array for each of several entries, one after another.
    """

    offset: int
    shape: tuple[int, ...]
    dtype: str
    stacked: bool


class Layout(NamedTuple):
    """What a piece is but for its numbers."""

    inputs: tuple[ArrayPlace | LinspaceValues, ...]
    box: Box


class Plan(NamedTuple):
    """A plan that is ready to compute.

    Args:
        axes: for each input, which of the grid's dims its own are.
        ndim: how many dims the grid has.
        planes: how many numbers a point has in the results.
        dtype: "float32" or "float64".
        registered: the name of the registered function; None for an expression.
        layouts: of the pieces seen last, by their bytes.
    """

    engine: Engine
    axes: tuple[tuple[int, ...], ...]
    ndim: int
    planes: int
    dtype: str
    registered: str | None
    layouts: dict[bytes, Layout]

    def layout(self, raw: bytes) -> Layout:
        """What a PieceLayout says; read once, since most pieces differ in their numbers alone.

        Raises:
            InternalError: it does not fit the plan.
        """
        known = self.layouts.get(raw)
        if known is None:
            known = self._read(pb.PieceLayout.FromString(raw))
            if len(self.layouts) >= _LAYOUTS_KEPT:
                self.layouts.clear()
            self.layouts[raw] = known
        return known

    def _read(self, layout: pb.PieceLayout) -> Layout:
        if len(layout.inputs) != len(self.axes) or not len(layout.start) == len(layout.shape) == self.ndim:
            found = f"{len(layout.inputs)} inputs and {len(layout.start)} dims for {len(self.axes)} and {self.ndim}"
            raise InternalError("batch.pieces", found, "please report it")
        inputs = [_given(given, axes, self.ndim) for given, axes in zip(layout.inputs, self.axes, strict=True)]
        return Layout(tuple(inputs), Box(tuple(layout.start), tuple(layout.shape)))

    def pieces(self, piece: pb.Piece, slots: Slots) -> list[Piece]:
        """A piece of a batch, one for each of its entries, its arrays viewed in their slots.

        Raises:
            InternalError: it does not fit the plan, or an array does not lie in its slot.
        """
        inputs, box = self.layout(piece.layout)
        values = [
            self._arrays(given, axes, piece, slots) if isinstance(given, ArrayPlace) else [given] * _entries(piece)
            for given, axes in zip(inputs, self.axes, strict=True)
        ]
        each = zip(*values, strict=True) if values else [()] * _entries(piece)
        return [Piece(own, box) for own in each]

    def _arrays(self, place: ArrayPlace, axes: tuple[int, ...], piece: pb.Piece, slots: Slots) -> list[ArrayValues]:
        """The arrays of an input, one for each entry of a piece."""
        slot, offset, entries = piece.inputs_slot, piece.inputs_offset + place.offset, _entries(piece)
        if not place.stacked:
            return [ArrayValues(slots.array(slot, offset, place.shape, place.dtype), axes, self.ndim)] * entries
        offset += piece.first_entry * math.prod(place.shape) * np.dtype(place.dtype).itemsize
        stack = slots.array(slot, offset, (entries, *place.shape), place.dtype)
        return ArrayValues.each(stack, axes, self.ndim)

    def outs(self, piece: pb.Piece, slot: int, slots: Slots) -> list[Array]:
        """Where the results of the entries of a piece go: [planes, points] each, in its slot.

        Args:
            piece: the piece.
            slot: the id of the batch's first.
            slots: all slots.
        """
        entries, points = _entries(piece), self.layout(piece.layout).box.points
        slot = piece.result_slot or slot
        if entries == 1:
            strides = (piece.result_stride, np.dtype(self.dtype).itemsize) if piece.result_stride else None
            return [slots.array(slot, piece.result_offset, (self.planes, points), self.dtype, strides)]
        numbers = self.planes * points
        block = slots.array(slot, piece.result_offset, (entries, _stride(numbers, self.dtype)), self.dtype)
        return [*block[:, :numbers].reshape(entries, self.planes, points)]


class Plans:
    """The plans of this worker by id, errors included.

    Args:
        device: they compute on.
        registered: the functions that they may name.
        engine: what computes expressions.
    """

    def __init__(self, device: Device, registered: Mapping[str, Registered], engine: EngineName) -> None:
        self._device = device
        self._engine = engine
        self._registered = registered
        self._plans: dict[int, Plan | GridgradError] = {}

    def __len__(self) -> int:
        return len(self._plans)

    def of(self, batch: pb.Batch) -> Plan:
        """The plan of a batch. Drops those that the batch names as forgotten.

        Raises:
            GridgradError: the plan can't be computed: what is wrong with its function or inputs.
        """
        for forgotten in batch.forget_plans:
            self._plans.pop(forgotten, None)
        if batch.HasField("plan"):
            self._plans[batch.plan_id] = self._made(batch.plan)
        plan = self._plans.get(batch.plan_id)
        if plan is None:
            raise InternalError("batch.plan_id", f"plan {batch.plan_id}, which was never sent", "please report it")
        if isinstance(plan, GridgradError):
            raise plan
        return plan

    def _made(self, plan: pb.Plan) -> Plan | GridgradError:
        try:
            return make_plan(plan, self._device, self._registered, self._engine)
        except GridgradError as error:
            return error.with_traceback(None)


def make_plan(plan: pb.Plan, device: Device, registered: Mapping[str, Registered], engine: EngineName) -> Plan:
    """Makes a plan ready to compute.

    Args:
        plan: what to compute.
        device: where.
        registered: the functions that it may name.
        engine: what computes expressions; registered functions take the functional one.

    Raises:
        GridgradError: its function is none, or lacks inputs.
    """
    dtype = read_dtype(plan.dtype)
    dims = list(dict.fromkeys(dim for each in plan.inputs for dim in each.dims))
    axes = {each.name: tuple(map(dims.index, each.dims)) for each in plan.inputs}
    wanted = [tuple(derivative.wrt) for derivative in plan.derivatives]
    registered_name = plan.registered if plan.WhichOneof("function") == "registered" else None
    if registered_name is None:
        program = parse(plan.expression, list(axes))
        components = len(program.components)
        made = _for_expression(program, axes, len(dims), wanted, dtype, device, engine)
    else:
        found = _registered(registered_name, registered)
        components = len(found.components)
        function = bind(found, list(axes), dtype, device.torch_device)
        made = FunctionalEngine(function, wanted, components, dtype, device, found.mode)
    return Plan(
        engine=made,
        axes=tuple(axes.values()),
        ndim=len(dims),
        planes=len(wanted) * components,
        dtype=plan.dtype,
        registered=registered_name,
        layouts={},
    )


def _for_expression(
    program: Program,
    axes: Mapping[str, tuple[int, ...]],
    ndim: int,
    wanted: Sequence[tuple[int, ...]],
    dtype: torch.dtype,
    device: Device,
    engine: EngineName,
) -> Engine:
    # On a GPU the structured engine has not been run yet
    if engine == "structured" and device.torch_device.type == "cpu":
        try:
            return StructuredEngine(program, axes, ndim, wanted, dtype, device)
        except TooLargeError as error:
            _log.info("the functional engine takes what is too large to derive: %s", error)
    function = torch_function(program, list(axes), dtype)
    return FunctionalEngine(function, wanted, len(program.components), dtype, device)


def _registered(name: str, registered: Mapping[str, Registered]) -> Registered:
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


def _given(given: pb.PieceInput, axes: tuple[int, ...], ndim: int) -> ArrayPlace | LinspaceValues:
    if given.WhichOneof("values") == "linspace":
        spaced = given.linspace
        return LinspaceValues(spaced.start, spaced.stop, spaced.num, axes[0], ndim)
    return ArrayPlace(given.array.offset, tuple(given.array.shape), given.array.dtype, given.array.stacked)


def _entries(piece: pb.Piece) -> int:
    return max(1, piece.entries)


def _stride(numbers: int, dtype: str) -> int:
    """How far apart results lie that follow each other, in numbers."""
    in_line = _ALIGNMENT // np.dtype(dtype).itemsize
    return -(-numbers // in_line) * in_line
