"""Pull-backs of expressions in a worker: torch's own reverse mode, and the same bits however a grid is cut."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.make_program import make_program

RNG = np.random.default_rng(7)
LENGTHS = {"t": 31, "k": 17, "x": 5}
ALL: Mapping[str, tuple[tuple[str, ...], NDArray[np.float64]]] = {
    "t": (("t",), RNG.uniform(0.5, 2.0, 31)),
    "k": (("k",), RNG.uniform(0.5, 2.0, 17)),
    "x": (("x",), RNG.uniform(0.5, 2.0, 5)),
    "a": ((), np.array(1.3)),
    "b": ((), np.array(0.7)),
    "n_0": ((), np.array(0.3)),
    "n_1": ((), np.array(-1.2)),
    "m": (("k", "t"), RNG.uniform(0.5, 2.0, (17, 31))),
    "c": (("t", "k"), RNG.normal(size=(31, 17))),
}

FUNCTIONS: Mapping[str, Callable[..., Tensor]] = {
    "t*k + 2*t*k**2": lambda t, k: t * k + 2 * t * k**2,
    "n_0*t**1.5*k + n_1*t**2*k**3*exp(-k**2) + a": lambda t, k, n_0, n_1, a: (
        n_0 * t**1.5 * k + n_1 * t**2 * k**3 * torch.exp(-(k**2)) + a
    ),
    "exp(-t*k)*sin(a*t) + b": lambda t, k, a, b: torch.exp(-t * k) * torch.sin(a * t) + b,
    "a*exp(-(t - 1)**2 - b*(k - 1)**2)/(1 + t*k)": lambda t, k, a, b: (
        a * torch.exp(-((t - 1) ** 2) - b * (k - 1) ** 2) / (1 + t * k)
    ),
    "log(t + k) * (a*t + k)**2 - t/k": lambda t, k, a: torch.log(t + k) * (a * t + k) ** 2 - t / k,
    "where(t > k, sqrt(t - k), t*k)": lambda t, k: torch.where(
        t > k, torch.sqrt(torch.where(t > k, t - k, torch.ones_like(t * k))), t * k
    ),
    "maximum(t, a*k) + abs(k - 1)*t + minimum(b, t)*k": lambda t, k, a, b: (
        torch.maximum(t + 0 * k, a * k + 0 * t) + abs(k - 1) * t + torch.minimum(b, t) * k
    ),
    "m*t + sin(m*k)*a": lambda m, t, k, a: m.T * t + torch.sin(m.T * k) * a,
    "t*k*x + a*t*x**2 + exp(k*x*t)": lambda t, k, x, a: t * k * x + a * t * x**2 + torch.exp(k * x * t),
    "n_0*t*k*x + n_1*t**2*sin(k)*sqrt(x)": lambda t, k, x, n_0, n_1: (
        n_0 * t * k * x + n_1 * t**2 * torch.sin(k) * torch.sqrt(x)
    ),
    "a*t + b": lambda a, t, b: a * t + b,
    "a*b": lambda a, b: a * b,
    "tanh(t)**2 + tanh(t)*k + hypot(t, k) + t**k": lambda t, k: (
        torch.tanh(t) ** 2 + torch.tanh(t) * k + torch.hypot(t + 0 * k, k + 0 * t) + t**k
    ),
}


def made(text: str, inputs: list[str], wrt: list[str], cotangent: str = "", **fields: Any) -> Any:
    reduction = pb.PlanReduction(kind="pullback", weights=cotangent, stage=fields.get("stage", "whole"))
    reduction.segment_blocks = fields.get("blocks", 0)
    message = pb.Plan(
        expression=text,
        dtype=fields.get("dtype", "float64"),
        inputs=[pb.PlanInput(name=name, dims=ALL[name][0]) for name in inputs],
        derivatives=[pb.PlanDerivative(), *[pb.PlanDerivative(wrt=[inputs.index(name)]) for name in wrt]],
        reduction=reduction,
    )
    return make_program(message, CpuDevice(2), {}, fields.get("engine", "structured"))


def row(program: Any, inputs: list[str], wrt: list[str], arrays: Mapping[str, NDArray[Any]] | None = None) -> Any:
    """The sum, and its gradient by each input."""
    given = {name: ALL[name][1] for name in inputs} | dict(arrays or {})
    dims = list(dict.fromkeys(dim for name in inputs for dim in ALL[name][0]))
    values = tuple([ArrayValues(given[name], [dims.index(dim) for dim in ALL[name][0]], len(dims)) for name in inputs])
    size = 1 + sum(given[name].size for name in wrt)
    out = np.empty((1, size))
    program.compute([Tile(values, Subgrid((0,), (size,)))], [out], [""])
    ends = np.cumsum([1, *[given[name].size for name in wrt]])
    parts = np.split(out[0], ends[:-1])
    return parts[0][0], {name: part.reshape(given[name].shape) for name, part in zip(wrt, parts[1:], strict=True)}


def by_torch(text: str, inputs: list[str], cotangent: str) -> tuple[float, dict[str, NDArray[np.float64]]]:
    names = FUNCTIONS[text].__code__.co_varnames[: FUNCTIONS[text].__code__.co_argcount]
    dims = list(dict.fromkeys(dim for name in inputs for dim in ALL[name][0]))
    leaves = {name: torch.tensor(ALL[name][1], requires_grad=True) for name in inputs}

    def spread(name: str) -> Tensor:
        own = ALL[name][0]
        if name == "m":
            return leaves[name]
        shape = [LENGTHS[dim] if dim in own else 1 for dim in dims]
        return leaves[name].reshape(shape)

    found = FUNCTIONS[text](*[spread(name) for name in names])
    found = found.expand([LENGTHS[dim] for dim in dims])
    if cotangent:
        weights = ALL["c"][1] if cotangent == "c" else np.exp(-ALL["t"][1])[:, None]
        found = found * torch.tensor(weights.reshape(*weights.shape, *[1] * (found.dim() - 2)))
    found.sum().backward()  # type: ignore[no-untyped-call] # torch's own
    return float(found.detach().sum()), {
        name: leaf.grad.numpy() for name, leaf in leaves.items() if leaf.grad is not None
    }


@pytest.mark.parametrize("engine", ["structured", "functional"])
@pytest.mark.parametrize("cotangent", ["", "c", "exp(-t)"])
@pytest.mark.parametrize("text", FUNCTIONS)
def test_gradients_are_those_of_torch(text: str, cotangent: str, engine: str) -> None:
    function = FUNCTIONS[text]
    wrt = [*function.__code__.co_varnames[: function.__code__.co_argcount]]
    inputs = sorted(wrt, key=list(ALL).index)
    if cotangent and not {"t", "k"} <= set(inputs):
        pytest.skip("of other dims")
    value, gradient = row(made(text, [*inputs, *["c"] * (cotangent == "c")], wrt, cotangent, engine=engine),
                          [*inputs, *["c"] * (cotangent == "c")], wrt)  # fmt: skip
    expected, slopes = by_torch(text, inputs, cotangent)
    assert value == pytest.approx(expected, rel=1e-12)
    for name in wrt:
        assert_allclose(gradient[name], slopes[name], rtol=1e-11, atol=1e-12, err_msg=name)
    assert math.isfinite(value)
