"""The check of registered functions: their partials against finite differences, before they are served.

First partials are compared with differences of values, second ones with differences of first ones.
A point where differences do not converge, such as a kink or the edge of the domain, says nothing
and is left out; a partial that could be compared at no point is not served unchecked.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.differences import STEPS, estimate, steps
from gridgrad_core.errors import GridgradError
from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.functional.functional_engine import FunctionalEngine
from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.registered.bind import bind
from gridgrad_worker.registered.registration import FunctionError, RegisteredInput, Registration

__all__ = ["check", "sample_points"]

Array = NDArray[np.float64]

_DRAWN = 24
_RELATIVE = 1e-6  # a right derivative is nearer than that to converged differences
_CONVERGED = 1e-4
_ALTERNATIVES = 'mode="reverse" where torch has no forward derivative, or check=False to serve it unchecked'


def check(registered: Registration, device: Device) -> None:
    """Compares first and second partials by all inputs with finite differences.

    Raises:
        FunctionError: one differs, or can't be compared, or the function fails or returns what it must not.
    """
    points = sample_points(registered)
    function = _Function(registered, device)
    firsts: list[Derivative] = [(i,) for i in range(len(registered.inputs))]
    function.at(points, [(), *firsts], "float32")  # its results must be of the inputs' dtype in both
    seconds: list[Derivative] = list(itertools.combinations_with_replacement(range(len(firsts)), 2))
    exact = function.at(points, [(), *firsts, *seconds])
    near = function.around(points, [(), *firsts])
    for order in (*firsts, *seconds):
        lower = order[:-1]
        for component in range(len(registered.components)):
            at = exact[lower][component], exact[order][component]
            _compare(registered, points, order, component, *at, near[order[-1]][lower][:, :, component])


def sample_points(registered: Registration) -> Array:
    """The points at which a function is checked, [points, inputs]: its author's, or drawn by its name."""
    if registered.samples:
        listed = [registered.samples.get(i.name, (i.default or 0.0,)) for i in registered.inputs]
        return np.stack(np.broadcast_arrays(*map(np.array, listed)), axis=-1).astype(np.float64)
    random = np.random.default_rng(zlib.crc32(registered.name.encode()))
    columns = [_drawn(each, random) for each in registered.inputs]
    return np.stack(columns, axis=-1) if columns else np.empty((1, 0))


def _drawn(given: RegisteredInput, random: np.random.Generator) -> Array:
    """Points about the default, or some positive, some of both signs, some of any size."""
    if given.default:
        return given.default * random.uniform(0.5, 1.5, _DRAWN)
    if given.default is not None:
        return random.uniform(-1, 1, _DRAWN)
    half, quarter = _DRAWN // 2, _DRAWN // 4
    any_size = np.exp(random.uniform(np.log(0.1), np.log(100), quarter))
    return np.concatenate([random.uniform(0.25, 2, half), random.uniform(-2, 2, quarter), any_size])


class _Function:
    """Evaluates a registered function and its partials as batches are."""

    def __init__(self, registered: Registration, device: Device) -> None:
        self._registered = registered
        self._device = device

    def at(self, points: Array, wanted: Sequence[Derivative], dtype: str = "float64") -> dict[Derivative, Array]:
        """The derivatives [components, points] at points [points, inputs]."""
        count, inputs = points.shape
        components = len(self._registered.components)
        values = tuple(ArrayValues(points[:, i], [0], 1) for i in range(inputs))
        out = np.empty((len(wanted) * components, count), dtype)
        try:
            self._engine(wanted, dtype).compute([Tile(values, Subgrid((0,), (count,)))], [out])
        except GridgradError as error:
            raise FunctionError(f"the function {self._registered.name!r} is refused: {error}") from error
        except Exception as error:
            raise FunctionError(
                f"the function {self._registered.name!r} is refused: computing it and its derivatives on {dtype} "
                f"raised {type(error).__name__}: {error}; mend it, or give the decorator {_ALTERNATIVES}"
            ) from error
        return dict(zip(wanted, out.reshape(len(wanted), components, count), strict=True))

    def around(self, points: Array, wanted: Sequence[Derivative]) -> list[dict[Derivative, Array]]:
        """For each input the derivatives one step above and below: [2, STEPS, components, points]."""
        found = []
        for i, x in enumerate(points.T):
            shifted = np.broadcast_to(points, (2, STEPS, *points.shape)).copy()
            shifted[0, ..., i] += steps(x)
            shifted[1, ..., i] -= steps(x)
            near = self.at(shifted.reshape(-1, points.shape[1]), wanted)
            found.append({order: _apart(each, len(points)) for order, each in near.items()})
        return found

    def _engine(self, wanted: Sequence[Derivative], dtype: str) -> FunctionalEngine:
        registered = self._registered
        names = [each.name for each in registered.inputs]
        torch_dtype = torch.float32 if dtype == "float32" else torch.float64
        function = bind(registered, names, torch_dtype, self._device.torch_device)
        components = len(registered.components)
        return FunctionalEngine(function, wanted, components, torch_dtype, self._device, registered.mode)


def _apart(derivative: Array, points: int) -> Array:
    return np.moveaxis(derivative.reshape(-1, 2, STEPS, points), 0, 2)


def _compare(
    registered: Registration, points: Array, order: Derivative, component: int, lower: Array, got: Array, near: Array
) -> None:
    x = points[:, order[-1]]
    found = estimate(x, near[0], near[1], lower)
    with np.errstate(invalid="ignore"):
        size = np.fmax(np.abs(got), np.abs(found.slope))
        size = np.where(np.isfinite(size), size, np.abs(found.slope))
        scale = np.maximum(_CONVERGED * size, 1e-7 * np.abs(near).max(axis=(0, 1)) / np.maximum(np.abs(x), 0.125))
        usable = found.smooth & np.isfinite(lower) & np.isfinite(found.slope) & (found.error <= scale)
        wrong = usable & ~(np.abs(got - found.slope) <= 10 * found.error + _RELATIVE * size)
    partial = _named(registered, order, component)
    if wrong.any():
        worst = int(np.flatnonzero(wrong)[0])
        raise FunctionError(
            f"the function {registered.name!r} is refused: {partial} at {_point(registered, points[worst])} is "
            f"{got[worst]:.6g} by torch but {found.slope[worst]:.6g} by finite differences "
            f"(within {found.error[worst]:.1g}). torch has no right derivative of an operation in it: "
            f"use others, or give the decorator {_ALTERNATIVES}"
        )
    if not usable.any():
        raise FunctionError(
            f"the function {registered.name!r} is refused: {partial} could not be checked, since at none of "
            f"{len(x)} sample points do finite differences converge. Give the decorator samples={{...}} where it "
            f"is smooth, such as samples={{{_example(registered)}}}, or check=False to serve it unchecked"
        )


def _named(registered: Registration, order: Derivative, component: int) -> str:
    names = [registered.inputs[i].name for i in order]
    of = registered.components[component]
    if len(names) == 1:
        return f"∂{of}/∂{names[0]}"
    return f"∂²{of}/∂{names[0]}²" if names[0] == names[1] else f"∂²{of}/∂{names[0]}∂{names[1]}"


def _point(registered: Registration, point: Array) -> str:
    return ", ".join(f"{each.name}={value:.6g}" for each, value in zip(registered.inputs, point, strict=True))


def _example(registered: Registration) -> str:
    return ", ".join(f"{each.name!r}: [...]" for each in registered.inputs)
