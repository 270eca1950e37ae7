"""What functions are traced to, compared with what they compute."""

from __future__ import annotations

import collections
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.tracing import decorator as tracing
from tests.client.tracing.checking import check

N = np.array([0.5, -1.25, 2.0])
D = np.array([1, 2, 3])
M = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
Pair = collections.namedtuple("Pair", ["u", "v"])


def test_a_function_is_traced_to_what_one_would_write() -> None:
    assert gridgrad.trace(lambda t, k: t * np.sin(k) + 2 * t * k**2) == gridgrad.parse("t*sin(k) + 2*t*k**2")


@pytest.mark.parametrize(
    "function",
    [
        lambda t, k: (+t - k) / (t * 3 // 2) + t % k - (-t) ** 2 + 2**k,
        lambda t, k: abs(-t) + round(t) + round(k, 1) + divmod(t, k)[0] + divmod(t, k)[1],
        lambda t, k: math.floor(t) + math.ceil(t) + math.trunc(k) + math.prod([t, k]),
        lambda t, k: np.where((t > 0) & ~(k > 1) | (t == k), t, k),
        lambda t, k: np.where((t > 0) ^ (k < 5), np.exp(t), np.nan),
        lambda t, k: np.where(True, t, k) + np.where(np.False_, t, 2 * k),
        lambda t, k: np.where(np.where(t > 0, k > 1, k < 1), t, k),
        lambda t, k: (t > 0) * k + (t < 0) * t + ((t > 0) + (k > 0)) * 2 + ((t > 0) * (k > 0)) * 3,
        lambda t, k: (t > 1) + 0.5 + np.logical_and(t, k) + np.logical_not(t) + np.logical_or(t < 0, 1),
        lambda t, k: np.maximum(t, k) + np.minimum(t, 1) + np.fmax(t, 2) + np.fmin(k, 0),
        lambda t, k: np.clip(t, 0, 1) + np.clip(k, None, 1) + np.clip(t, 1.5, None) + np.clip(t, a_min=0, a_max=k),
        lambda t, k: np.select([t > 2, k > 1], [t, k], default=-1) + np.select([t > 9], [k]),
        lambda t, k: np.hypot(t, k) + np.arctan2(t, k) + np.copysign(t, -k) + np.logaddexp(t, k),
        lambda t, k: np.square(t) + np.cbrt(k) + np.reciprocal(t) + np.sinc(k) + np.fix(t) + np.nan_to_num(t),
        lambda t, k: np.round(t, 2) + np.around(k) + np.rint(t) + np.trunc(k) + np.heaviside(t, 0.5) + np.sign(k),
        lambda t, k: np.power(t, 2) + np.float_power(k, 2) + np.true_divide(t, k) + np.subtract(t, 1),
        lambda t, k: np.isnan(t) + np.isfinite(k) + np.isposinf(t) + np.signbit(k) + 0.0,
        lambda t, k: np.float64(2.5) * t + np.float32(0.1) * k + np.int64(3) / t + np.array(2.0) ** k,
        lambda t, k: t + np.zeros_like(k) + np.ones_like(k) * 2 + np.full_like(t, 3.0) + np.ndim(t) + len(np.shape(k)),
        lambda t, k: np.sum(N * t**D * np.exp(-(k**D))),
        lambda t, k: (N * t).sum() + (N * t).mean() + np.prod(N + t) + np.max(N * k) + (N * k).min(),
        lambda t, k: np.dot(N, t * D) + N @ (k * D) + np.inner(N * t, D) + np.vdot(t * D, N),
        lambda t, k: np.sum(np.outer(N, D * t)) + np.sum((M * t) @ (N * k)) + np.sum((M * t) @ np.ones((3, 2))),
        lambda t, k: np.sum(np.dot(M, N * t)) + np.sum((N * k)[:2] @ M) + np.sum(np.add.outer(N, D * t)),
        lambda t, k: np.polyval(N, t) + np.polyval([1, 2, 3], k),
        lambda t, k: np.cumsum(N * t)[1] + np.cumprod(D * k)[-1] + np.diff(N * t)[0] + (M * t).cumsum(axis=1)[1, 2],
        lambda t, k: np.sum(M * t, axis=0)[1] + np.sum(M * k, axis=(0, 1)) + np.sum(M * k, axis=1, keepdims=True)[1, 0],
        lambda t, k: np.stack([t, k])[1] + np.concatenate([N * t, [k, 1.0]]).sum() + np.sum(np.hstack([t, k, 2])),
        lambda t, k: (M * t).T[2, 1] + (M * k).reshape(-1)[4] + np.flip(N * t)[0] + (N * t)[..., ::2][1],
        lambda t, k: np.all(N * t < k) + np.any(N * t < k) + np.sum(N * t > 0) * 1.0,
        lambda t, k: sum(n * t**d for n, d in zip(N, D, strict=True)) + sum((N * k)[i] for i in range(3)),
        lambda t, k: functools.reduce(lambda a, b: a * k + b, [t, t, 1.0]),
        lambda t, k: [t, k, t * k],
        lambda t, k: (t, 1.0, np.int64(2), k),
        lambda t, k: np.stack([t * k, t]),
        lambda t, k: Pair(t * k, t),
        lambda t, k: t > k,
        lambda **_: 3.5,
        lambda t, k: t.astype(float).copy() + np.positive(k),
    ],
)  # fmt: skip
@pytest.mark.parametrize("point", [{"t": 1.75, "k": 0.5}, {"t": -0.7, "k": 2.25}, {"t": 2.5, "k": 2.5}])
def test_what_is_traced_computes_the_same(function: Callable[..., Any], point: dict[str, float]) -> None:
    check(function, point)


def test_loops_and_helpers_are_unrolled() -> None:
    def step(x: Any, k: Any) -> Any:
        return x - (x * x - k) / (2 * x)

    def root(k: Any, steps: int = 4) -> Any:
        x = k
        for _ in range(steps):
            x = step(x, k)
        return x

    check(functools.partial(root, steps=5), {"k": 2.0})


def test_accumulating_in_a_loop_is_not_changing_an_array() -> None:
    def polynomial(t: Any) -> Any:
        total = 0
        for n, d in zip(N, D, strict=True):
            total += n * t**d
        total -= 1
        total *= 2
        return total

    check(polynomial, {"t": 1.5})


def test_twenty_thousand_operations_need_no_recursion_and_stay_linear() -> None:
    def iterated(t: Any, k: Any) -> Any:
        x = t
        for _ in range(7000):
            x = np.sin(x) * k + x * 0.5
        return x

    program = gridgrad.trace(iterated)
    assert len(program.nodes) > 20_000
    assert len(program.text) < 20 * len(program.nodes)
    assert gridgrad.parse(program.text) == program


def test_what_is_used_twice_is_written_once() -> None:
    def fibonacci(t: Any) -> Any:
        a, b = t, t * t
        for _ in range(100):
            a, b = b, a + b
        return b

    assert len(gridgrad.trace(fibonacci).nodes) == 102


def test_coefficients_are_arrays_of_scalars() -> None:
    program = check(lambda t, n, m: np.sum(n * t) + np.sum(m @ n) + n[-1], {"t": 1.5}, n=N, m=M)
    assert set(program.inputs) == {"t", "n_0", "n_1", "n_2", *(f"m_{i}_{j}" for i in range(2) for j in range(3))}


@pytest.mark.parametrize(
    ("function", "components"),
    [
        (lambda t: {"u": t, "t": 2 * t}, ("u", "t")),
        (lambda t: Pair(t, 1.0), ("u", "v")),
        (lambda t: (t, t), ("f0", "f1")),
        (lambda t: np.stack([t, 2 * t]), ("f0", "f1")),
        (lambda t: (t,), ("f0",)),
        (lambda t: {"only": t}, ("only",)),
        (gridgrad.function(outputs=["p", "q"])(lambda t: (t, t + 1)), ("p", "q")),
    ],
)
def test_components_are_named_by_what_is_returned(function: Callable[..., Any], components: tuple[str, ...]) -> None:
    program = gridgrad.trace(function)
    assert program.components == components
    assert program.tuple_valued
    assert gridgrad.parse(program.text) == program


def test_defaults_that_are_numbers_are_inputs_and_others_stay() -> None:
    def model(t: Any, a: float = 2.0, *, mode: str = "sum", flag: bool = True, q: Any = N, **more: Any) -> Any:
        assert mode == "sum"
        assert flag is True
        return a * t + np.sum(q) + sum(more.values())

    assert gridgrad.trace(model).inputs == ("a", "t", "q_0", "q_1", "q_2")
    assert gridgrad.trace(functools.partial(model, a=3.0, q=0.0)) == gridgrad.parse("3*t + 0 + 0")


def test_positional_parameters_and_methods_are_matched_too() -> None:
    class Model:
        def __init__(self, factor: float) -> None:
            self.factor = factor

        def __call__(self, t: Any) -> Any:
            return self.factor * t

        def other(self, t: Any, /, k: Any) -> Any:
            return self.factor * t + k

    assert gridgrad.trace(Model(3.0)) == gridgrad.parse("3*t")
    assert gridgrad.trace(Model(3.0).other) == gridgrad.parse("3*t + k")


def test_ufuncs_of_scipy_are_matched_by_name() -> None:
    special = pytest.importorskip("scipy.special")
    program = gridgrad.trace(lambda x: special.erf(x) + special.ndtr(x) * special.expit(x) + special.gammaln(x))
    assert program == gridgrad.parse("erf(x) + norm_cdf(x)*sigmoid(x) + lgamma(x)")
    with pytest.raises(gridgrad.TracingError, match=r"scipy.special.j0, .* can't be traced"):
        gridgrad.trace(lambda x: special.j0(x))


def test_decorated_methods_are_methods() -> None:
    class Model:
        factor = 3.0

        @gridgrad.function
        def value(self, t: Any, k: Any = 1.0) -> Any:
            return self.factor * t + k

    assert Model().value(2.0) == 7.0
    assert gridgrad.trace(Model().value) == gridgrad.parse("3*t + k")


def test_inputs_stand_in_the_order_of_the_text() -> None:
    def terms(delta: Any, n: Any) -> Any:
        return np.sum(n * np.exp(-delta) * np.arange(1, 4))

    assert "n_0 = n_0" not in gridgrad.trace(terms, coefficients={"n": 3}).text


def test_a_plain_function_is_traced_anew_and_a_decorated_one_once() -> None:
    factor = np.array(2.0)
    calls = []

    def scaled(t: Any) -> Any:
        calls.append(t)
        return float(factor) * t

    decorated = gridgrad.function(scaled)
    shapes: tracing.Shapes = (("t", None),)
    assert tracing.program_of(scaled, shapes) == tracing.program_of(decorated, shapes) == gridgrad.parse("2*t")
    factor[...] = 3.0
    before = len(calls)
    assert tracing.program_of(scaled, shapes) == gridgrad.parse("3*t")
    assert len(calls) == before + 2
    assert tracing.program_of(decorated, shapes) == gridgrad.parse("2*t")
    assert len(calls) == before + 2


def test_a_decorated_function_is_still_the_function() -> None:
    @gridgrad.function
    def area(a: float, b: float = 2.0) -> float:
        """The area."""
        return a * b

    assert (area(3.0), area(3.0, b=1.0), area.__doc__) == (6.0, 3.0, "The area.")
    assert repr(area) == "<gridgrad.function area(a, b)>"
