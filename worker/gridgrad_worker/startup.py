"""What a worker does before it serves: opens its device, loads and checks functions, warms up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from gridgrad_core.grid import MAX_ORDER
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.device import Device
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.make_program import EngineName, make_program
from gridgrad_worker.models.model_files import is_model
from gridgrad_worker.registered.derivative_check import check
from gridgrad_worker.registered.registration import FunctionError, FunctionProgram, Registration
from gridgrad_worker.registered.registry import load
from gridgrad_worker.tracing.trace import traced

__all__ = ["CannotServeError", "Started", "ready_message", "start"]

RegisteredEngine = Literal["auto", "functional"]

_WARMED_EXPRESSION = "t*k + 2*t*k**2"
_WARMED_SIDE = 8


class CannotServeError(RuntimeError):
    """The worker can't serve at all. The operator's to mend; the message says how."""


class Started(NamedTuple):
    """What a worker serves with: its device, functions and models, and why other models are not served, by name."""

    device: Device
    registered: dict[str, Registration]
    refused: dict[str, str]


def start(
    device_name: str,
    threads: int,
    functions: Sequence[str],
    engine: EngineName = "structured",
    registered_engine: RegisteredEngine = "auto",
) -> Started:
    """Makes everything ready to serve.

    Args:
        device_name: "cpu" or "cuda:<index>".
        threads: for work on the processor.
        functions: modules whose functions are registered, and models.
        engine: what computes expressions.
        registered_engine: "auto" traces functions to expressions where that engine is the structured one.

    Raises:
        CannotServeError: the device is not there, or a function can't be served.
    """
    device = _open(device_name, threads)
    _choose_attention()
    try:
        modules = load([each for each in functions if not is_model(each)])
        registered = {name: check(each, device) if each.check else each for name, each in modules.items()}
    except FunctionError as error:
        raise CannotServeError(str(error)) from error
    models = [each for each in functions if is_model(each)]
    refused = _add_models(models, device, registered) if models else {}
    if registered and registered_engine == "auto" and engine == "structured":
        registered = {name: traced(each, device) for name, each in registered.items()}
    _warm_up(device, registered, engine)
    return Started(device, registered, refused)


def _add_models(entries: Sequence[str], device: Device, registered: dict[str, Registration]) -> dict[str, str]:
    """Adds the models that can be served, and returns why others can't."""
    from gridgrad_worker.models.model_loading import load_models  # what has none needs none of it

    loaded = load_models(entries, device, registered)
    registered |= loaded.served
    return loaded.refused


def _open(name: str, threads: int) -> Device:
    try:
        return open_device(name, threads)
    except Exception as error:  # torch raises AssertionError and several others
        raise CannotServeError(
            f"--device {name}: {type(error).__name__}: {error}; start the server with --device cpu, "
            "or install a torch that supports this GPU"
        ) from error


def _choose_attention() -> None:
    """Has torch compute attention by the operations that have derivatives of all orders."""
    torch.backends.mha.set_fastpath_enabled(False)
    torch.backends.cuda.enable_flash_sdp(False)  # on the processor too
    torch.backends.cuda.enable_mem_efficient_sdp(False)
    torch.backends.cuda.enable_cudnn_sdp(False)


def _warm_up(device: Device, registered: Mapping[str, Registration], engine: EngineName) -> None:
    """Computes a small grid to order 2 in both dtypes, so that no request pays for what torch does once."""
    axis = np.linspace(0.5, 2, _WARMED_SIDE)
    inputs = tuple(ArrayValues(axis, [position], 2) for position in range(2))
    tile = Tile(inputs, Subgrid((0, 0), (_WARMED_SIDE, _WARMED_SIDE)))
    for dtype in ("float32", "float64"):
        program = make_program(_warmed(dtype), device, registered, engine)
        program.compute([tile], [np.empty((program.pieces.planes, tile.subgrid.points), dtype)], [""])


def _warmed(dtype: str) -> pb.Plan:
    orders: list[tuple[int, ...]] = [(), (0,), (1,), (0, 0), (0, 1), (1, 1)]
    return pb.Plan(
        expression=_WARMED_EXPRESSION,
        dtype=dtype,
        inputs=[pb.PlanInput(name=name, dims=[name]) for name in ("t", "k")],
        derivatives=[pb.PlanDerivative(wrt=order) for order in orders],
    )


def ready_message(started: Started) -> pb.Ready:
    """The first message of a worker that serves."""
    functions = map(_signature, started.registered.values())
    refused = {_as_utf8(name): _as_utf8(why) for name, why in started.refused.items()}
    return pb.Ready(device=started.device.name, functions=functions, refused=refused)


def _as_utf8(text: str) -> str:
    """A text that may have names of files, which need not be UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def _doc(registered: Registration) -> str:
    """Its own, and what it is not served for."""
    limits = []
    if registered.order is not None and registered.order < MAX_ORDER:
        limits.append(f"Served to order {registered.order}.")
    if registered.why_no_float32:
        limits.append("Served in float64 alone.")
    return "\n\n".join(filter(None, (registered.doc, " ".join(limits))))


def _signature(registered: Registration) -> pb.RegisteredFunction:
    program = registered.program
    return pb.RegisteredFunction(
        name=registered.name,
        doc=_doc(registered),
        inputs=[pb.FunctionInput(name=i.name, default=i.default, unit=i.unit) for i in registered.inputs],
        components=registered.components,
        tuple_valued=registered.tuple_valued,
        mode=registered.mode,
        checked=registered.check,
        component_units=registered.component_units,
        why_functional=registered.why_functional,
        **({} if program is None else _program_fields(program)),
    )


def _program_fields(program: FunctionProgram) -> dict[str, Any]:
    return {
        "digest": program.digest,
        "expression": program.text,
        "expression_order": program.order,
        "expression_in_float32": program.in_float32,
    }
