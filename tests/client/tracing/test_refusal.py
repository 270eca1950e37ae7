"""Nothing becomes a constant in silence: what can't be traced says so, and what to write."""

from __future__ import annotations

import copy
import functools
import itertools
import math
import random
from collections.abc import Callable
from fractions import Fraction
from math import erf
from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad_core.errors import TracingError

N = np.array([0.5, -1.25, 2.0])
M2 = np.eye(2)
counter = itertools.count()


def branch(t: Any) -> Any:
    if t > 0:
        return t
    return -t


def loop(t: Any) -> Any:
    while t > 1:
        t = t - 1
    return t


def caught(t: Any) -> Any:
    try:
        return float(t) * t
    except TypeError:
        return 1.0


def fill(t: Any) -> Any:
    filled = np.zeros(3)
    filled[0] = t
    return np.sum(filled)


def masked(t: Any) -> Any:
    result = np.zeros_like(t)
    result[t > 0] = 1.0
    return result


def add_to_array(t: Any) -> Any:
    total = np.zeros(())
    total += t
    return total


def widened(t: Any) -> Any:
    total = t * 0
    total += N * t
    return np.sum(total)


def aliased(t: Any) -> Any:
    a = t * 2
    b = a
    a += 1
    return a * b


def changed_input(t: Any) -> Any:
    def shifted(x: Any) -> Any:
        x += 1
        return x

    return shifted(t) * t


def changed_view(t: Any) -> Any:
    a = N * t
    part = a[1:]
    part *= 2
    return np.sum(a)


@functools.lru_cache
def cached(t: Any) -> Any:
    return t


kept: list[Any] = []


def keeping(t: Any) -> Any:
    kept.append(t)
    return kept[0] * t


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (branch, r"the truth of `t > 0` \(line \d+ of test_refusal.py\).*write np.where\(t > 0, a, b\)"),
        (loop, "`t > 1`"),
        (lambda t: t if t > 0 else -t, r"write np.where\("),
        (lambda t: max(t, 1), r"write np.maximum\(t, 1\)"),
        (lambda t: min(0, t), r"write np.minimum\(0, t\)"),
        (lambda t: 0 < t < 1, r"np.where\(\(0 < t\) & \(t < 1\), a, b\)"),
        (lambda t: t > 0 and t < 1, r"\(t > 0\) & \(t < 1\)"),
        (lambda t: t > 0 or t < 1, r"\(t > 0\) \| \(t < 1\)"),
        (lambda t: not t, r"~\(t\)"),
        (lambda t: bool(t), "the truth of"),
        (lambda t: t in (1, 2), "the truth of"),
        (lambda t: [1, 2].index(t), "the truth of"),
        (lambda t: sorted([t, 1.0]), "the truth of"),
        (lambda t: any([t > 0]), "the truth of"),
        (lambda t: math.sin(t), r"math.sin in `math.sin\(t\)`.*write np.sin"),
        (lambda t: erf(t), "write scipy.special.erf"),
        (lambda t: math.atan2(t, 1), "write np.arctan2"),
        (lambda t: math.isnan(t), "write np.isnan"),
        (lambda t: float(t), "made a float"),
        (caught, r"made a float by `float\(t\)`"),
        (lambda t: f"{t:.2f}" and t, "formatted as a number"),
        (lambda t: int(t), "write np.trunc"),
        (lambda t: [1, 2][t], "a count or an index.*functools.partial"),
        (lambda t: sum(range(t)), "functools.partial"),
        (lambda t: complex(t), "a complex number"),
        (lambda t: np.array([t, t]), r"write np.stack\(\[a, b\]\)"),
        (lambda t: np.array([t, t], dtype=object), r"np.stack"),
        (lambda t: np.asarray(t), "leave np.asarray out; a function that needs plain arrays"),
        (lambda t: np.full(3, t), "np.stack"),
        (lambda t: np.vectorize(math.sin)(t), "plain array"),
        (fill, "np.stack"),
        (masked, "assignment to elements"),
        (widened, r"an array of shape \[3\] put into one of shape \[\]"),
        (add_to_array, "write a = a [+] b instead of a [+]= b"),
        (lambda t: np.add(t, 1, out=np.zeros(())), "written into an array"),
        (aliased, "has changed before.*numpy changes arrays for all who hold them"),
        (changed_input, "has changed before"),
        (changed_view, "has changed before"),
        (lambda t: (N * t).__setitem__(0, 1.0), "assignment to elements.*np.stack"),
        (lambda t: (N * t)[N * t > 0], "a choice of elements.*np.where"),
        (lambda t: np.sum(t), "np.sum of a single number.*point by point"),
        (lambda t: np.mean(t), "np.mean of a single number"),
        (lambda t: t.max(), "np.max of a single number"),
        (lambda t: np.add.reduce(t), "of a single number"),
        (lambda t: np.cumsum(t), "of a single number"),
        (lambda t: np.diff(t), "of a single number"),
        (lambda t: t / t.size, "the size of a single number"),
        (lambda t: np.size(t), "the size of a single number"),
        (lambda t: len(t), "treated as an array.*coefficients="),
        (lambda t: sum(t), "treated as an array"),
        (lambda t: t[0], "treated as an array"),
        (lambda t: {1.0: 2.0}[t], "as a key.*np.select"),
        (lambda t: {t}, "as a key"),
        (lambda t: cached(t), "__wrapped__"),
        (lambda t: np.interp(t, [0, 1], [0, 1], left=2.0), "np.interp with left.*give gridgrad.table"),
        (lambda t: np.interp(t, [0, 0], [0, 1]), "the knot 0.0 of x twice"),
        (lambda t: np.interp(0.5, np.stack([t, 1.0]), [0, 1]), "between values that are not known.*plain numbers"),
        (lambda t: np.piecewise(t, [t > 0], [1.0]), "np.select"),
        (lambda t: np.linalg.norm(N * t), r"np.sqrt\(np.sum\(x\*\*2\)\)"),
        (lambda t: np.einsum("i,i", N, N * t), "np.dot"),
        (lambda t: np.sort(N * t), "np.sort.*docs/numpy.md"),
        (lambda t: (N * t).argmax(), "ndarray.argmax"),
        (lambda t: t.item(), "ndarray.item"),
        (lambda t: np.ldexp(t, 2), "np.ldexp"),
        (lambda t: np.frompyfunc(math.erf, 1, 1)(t), "the ufunc erf"),
        (lambda t: np.add.at(t, 0, 1), "np.add.at"),
        (lambda t: np.subtract.reduce(N * t), "np.subtract.reduce"),
        (lambda t: np.add(t, 1, where=np.array(True), dtype=np.float32), "where, dtype of np.add"),
        (lambda t: np.sum(N * t, initial=3), "initial of np.add"),
        (lambda t: t.astype(int), r"astype\(int64\).*np.trunc"),
        (lambda t: t & 1, "parentheses"),
        (lambda t: (t > 0) - (t < 0), "booleans"),
        (lambda t: -(t > 0), "write ~a"),
        (lambda t: np.where(t > 0), r"write np.where\(condition, a, b\)"),
        (lambda t: t + 1j, "a complex where a real number"),
        (lambda t: np.array([1j]) * t, "an array of complex128"),
        (lambda t: t + "x", "a str where a real number"),
        (lambda t: t + None, "a NoneType"),
        (lambda t: t == None, "a NoneType"),  # noqa: E711 - what the test is about
        (lambda t: t * 10**400, "a number beyond float64"),
        (lambda t: np.ma.masked_array([1.0], [True]) * t, "masked|MaskedArray"),
        (lambda t: t * random.random(),  # noqa: S311 - not for secrets
         "comes to something else when it is called again"),
        (lambda t: t * np.random.default_rng().normal(), "random numbers"),
        (lambda t: t + next(counter), "comes to something else"),
        (keeping, "kept from another call"),
        (lambda _: None, "what it returned is None; write return"),
        (lambda _: "t", "what it returned is a str"),
        (lambda t: [t, [t]], "component 'f1' is a list"),
        (lambda t: {"u": t, "not": t}, "a component called 'not'"),
        (lambda t: {1: t}, "a component called 1"),
        (lambda _: (), "0 components"),
        (lambda t: [t] * 65, "65 components"),
        (lambda t: (M2 * t), r"an array of shape \[2, 2\]"),
        (lambda t: {"u": N * t}, r"an array of shape \[3\]; reduce it"),
        (lambda t: (yield t), "what it returned is a generator"),
        (gridgrad.function(outputs=["u"])(lambda t: (t, t)), "2 values for the outputs u"),
        (gridgrad.function(outputs=["u"])(lambda t: t), "return a tuple"),
        (lambda *t: t, "any number of arguments by position"),
        (max, "wrap it: lambda x: max"),
        (lambda ρ: ρ, "the parameter 'ρ'.*ASCII"),
        (lambda inf: inf, "the parameter 'inf'"),
        (lambda t: [t := np.sin(t) + i for i in range(10**6)][-1], "more than 100,000 different operations"),
    ],
)  # fmt: skip
def test_what_can_not_be_traced_says_what_to_write(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(TypeError, match=f"(?s){message}"):
        gridgrad.trace(function)


def test_interpolants_of_scipy_are_refused_with_what_to_write() -> None:
    spline = pytest.importorskip("scipy.interpolate").interp1d([0, 1, 2], [0, 1, 4])
    with pytest.raises(TracingError, match=r"(?s)an interpolant of scipy called.*gridgrad.table"):
        gridgrad.trace(lambda t: spline(t))


def test_searches_and_integrals_of_scipy_are_refused_with_ours() -> None:
    optimize, integrate = pytest.importorskip("scipy.optimize"), pytest.importorskip("scipy.integrate")
    searches = [optimize.fsolve, optimize.newton, lambda f, x: optimize.brentq(f, 0, 1 + x)]
    for search in searches:
        with pytest.raises(TracingError, match=r"(?s)scipy.optimize, which goes by numbers.*gridgrad\.solve"):
            gridgrad.trace(lambda p, search=search: search(lambda x: x * x - p, 1.0))
    with pytest.raises(TracingError, match=r"(?s)scipy.integrate, which goes by numbers.*gridgrad\.integrate"):
        gridgrad.trace(lambda p: integrate.quad(lambda x: x * p, 0, 1)[0])


def test_an_error_of_the_function_itself_is_not_hidden() -> None:
    def broken(_: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        gridgrad.trace(broken)


def test_what_a_number_refuses_too_may_be_caught() -> None:
    def either(x: Any) -> Any:
        return sum(x) if np.iterable(x) else x

    assert gridgrad.trace(either) == gridgrad.parse("x")


def test_a_message_does_without_the_source() -> None:
    namespace: dict[str, Any] = {}
    exec("def f(t):\n    return t if t > 0 else -t", namespace)  # noqa: S102 - a function without a file
    with pytest.raises(TracingError, match=r"the truth of line 2 of <string>.*np.where\(condition, a, b\)"):
        gridgrad.trace(namespace["f"])


def test_other_numbers_and_copies_are_fine() -> None:
    assert gridgrad.trace(lambda t: copy.copy(t) * Fraction(1, 4) + copy.deepcopy(t)) == gridgrad.parse("t*0.25 + t")


def test_a_traced_value_shows_itself_without_a_number() -> None:
    seen = []

    def looking(t: Any) -> Any:
        seen.append((repr(t), repr(t > 0), repr(N * t), t.shape, t.dtype))
        return t

    gridgrad.trace(looking)
    assert seen[0] == (
        "<traced: a number>",
        "<traced: a condition>",
        "<traced: a number for each of shape [3]>",
        (),
        float,
    )
