"""Plans: what the pieces of a batch share, made ready to compute once and kept by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch

from gridgrad.errors import GridgradError, InternalError, UnknownFunctionError
from gridgrad.lang.parser import parse
from gridgrad_worker.calls import bind
from gridgrad_worker.derivatives import PointFunction
from gridgrad_worker.devices import Device
from gridgrad_worker.expressions import torch_function
from gridgrad_worker.functional import Array, FunctionalEngine
from gridgrad_worker.pieces import ArrayValues, Box, LinspaceValues, Piece, Values
from gridgrad_worker.registry import Registered
from gridgrad_worker.slots import Slots
from gridgrad_worker.v1 import worker_pb2 as pb

__all__ = ["Plan", "Plans", "make_plan", "read_dtype"]


class Plan(NamedTuple):
    """A plan that is ready to compute.

    Args:
        axes: for each input, which of the grid's dims its own are.
        ndim: how many dims the grid has.
        planes: how many numbers a point has in the results.
        dtype: "float32" or "float64".
        registered: the name of the registered function; None for an expression.
    """

    engine: FunctionalEngine
    axes: tuple[tuple[int, ...], ...]
    ndim: int
    planes: int
    dtype: str
    registered: str | None

    def piece(self, piece: pb.Piece, slots: Slots) -> Piece:
        """A piece of a batch, its arrays viewed in their slots.

        Raises:
            InternalError: it does not fit the plan, or an array does not lie in its slot.
        """
        if len(piece.inputs) != len(self.axes) or not len(piece.start) == len(piece.shape) == self.ndim:
            found = f"{len(piece.inputs)} inputs and {len(piece.start)} dims for {len(self.axes)} and {self.ndim}"
            raise InternalError("batch.pieces", found, "please report it")
        inputs = tuple(
            _values(given, axes, self.ndim, slots) for given, axes in zip(piece.inputs, self.axes, strict=True)
        )
        return Piece(inputs, Box(tuple(piece.start), tuple(piece.shape)))

    def out(self, piece: pb.Piece, box: Box, slot: int, slots: Slots) -> Array:
        """Where the results of a piece go: [planes, points] in a slot."""
        return slots.array(slot, piece.result_offset, (self.planes, box.points), self.dtype)


class Plans:
    """The plans of this worker by id, errors included.

    Args:
        device: they compute on.
        registered: the functions that they may name.
    """

    def __init__(self, device: Device, registered: Mapping[str, Registered]) -> None:
        self._device = device
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
            return make_plan(plan, self._device, self._registered)
        except GridgradError as error:
            return error.with_traceback(None)


def make_plan(plan: pb.Plan, device: Device, registered: Mapping[str, Registered]) -> Plan:
    """Makes a plan ready to compute.

    Raises:
        GridgradError: its function is none, or lacks inputs.
    """
    names = [each.name for each in plan.inputs]
    dtype = read_dtype(plan.dtype)
    function, components, mode = _function(plan, names, dtype, device, registered)
    wanted = [tuple(derivative.wrt) for derivative in plan.derivatives]
    dims = list(dict.fromkeys(dim for each in plan.inputs for dim in each.dims))
    return Plan(
        engine=FunctionalEngine(function, wanted, components, dtype, device, mode),
        axes=tuple(tuple(map(dims.index, each.dims)) for each in plan.inputs),
        ndim=len(dims),
        planes=len(wanted) * components,
        dtype=plan.dtype,
        registered=plan.registered if plan.WhichOneof("function") == "registered" else None,
    )


def read_dtype(name: str) -> torch.dtype:
    """The dtype of a name.

    Raises:
        InternalError: it is neither "float32" nor "float64".
    """
    known = {"float32": torch.float32, "float64": torch.float64}
    if name not in known:
        raise InternalError("batch.plan.dtype", repr(name), "please report it")
    return known[name]


def _function(
    plan: pb.Plan, names: Sequence[str], dtype: torch.dtype, device: Device, registered: Mapping[str, Registered]
) -> tuple[PointFunction, int, str]:
    if plan.WhichOneof("function") != "registered":
        program = parse(plan.expression, names)
        return torch_function(program, names, dtype), len(program.components), "forward"
    found = registered.get(plan.registered)
    if found is None:
        remedy = f"use one of {', '.join(registered) or '(none is registered)'}"
        raise UnknownFunctionError("function.registered", f"no function {plan.registered!r} is registered", remedy)
    return bind(found, names, dtype, device.torch_device), len(found.components), found.mode


def _values(given: pb.PieceInput, axes: tuple[int, ...], ndim: int, slots: Slots) -> Values:
    if given.WhichOneof("values") == "linspace":
        spaced = given.linspace
        return LinspaceValues(spaced.start, spaced.stop, spaced.num, axes[0], ndim)
    array = given.array
    return ArrayValues(slots.array(array.slot, array.offset, array.shape, array.dtype), axes, ndim)
