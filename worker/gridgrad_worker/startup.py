"""What a worker does before it serves: opens its device, loads and checks functions, warms up."""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_worker.devices.device import Device, open_device
from gridgrad_worker.registered.derivative_check import check
from gridgrad_worker.registered.registry import FunctionError, Registered, load
from gridgrad_worker.warmup import warm_up
from gridgrad_worker.worker_program import EngineName

__all__ = ["CannotServeError", "start"]


class CannotServeError(RuntimeError):
    """The worker can't serve at all. The operator's to mend; the message says how."""


def start(
    device_name: str, threads: int, modules: Sequence[str], engine: EngineName = "structured"
) -> tuple[Device, dict[str, Registered]]:
    """Makes everything ready to serve.

    Args:
        device_name: "cpu" or "cuda:<index>".
        threads: for work on the processor.
        modules: whose functions are registered.
        engine: what computes expressions.

    Raises:
        CannotServeError: the device is not there, or a function can't be served.
    """
    device = _open(device_name, threads)
    try:
        registered = load(modules)
        for each in registered.values():
            if each.check:
                check(each, device)
    except FunctionError as error:
        raise CannotServeError(str(error)) from error
    warm_up(device, registered, engine)
    return device, registered


def _open(name: str, threads: int) -> Device:
    try:
        return open_device(name, threads)
    except Exception as error:  # torch raises AssertionError and several others
        raise CannotServeError(
            f"--device {name}: {type(error).__name__}: {error}; start the server with --device cpu, "
            "or install a torch that supports this GPU"
        ) from error
