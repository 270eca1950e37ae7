"""Every function of the language, compiled: as in the direct tier, each number by itself, and right where it is new."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.codegen.torch_recorder import record
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.native.toolchain import compiler_version

pytestmark = pytest.mark.processor

Array = NDArray[np.floating]
Built = tuple[CompiledEngine, StructuredEngine]

needs_compiler = pytest.mark.skipif(compiler_version() is None, reason="there is no C++ compiler")

OPERATORS = {
    "add": "x + y", "sub": "x - y", "mul": "x*y", "div": "x/y", "floordiv": "x//y", "mod": "x % y", "pow": "x**y",
    "lt": "x < y", "le": "x <= y", "gt": "x > y", "ge": "x >= y", "eq": "x == y", "ne": "x != y", "neg": "-x",
    "and": "x > 0 and y > 0", "or": "x > 0 or y > 0", "not": "not x > y",
}  # fmt: skip
NAMES = list(FUNCTIONS)
PARTS = tuple(NAMES[start : start + 60] for start in range(0, len(NAMES), 60))  # a text has at most 64 components
AWKWARD = (
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -2.0, -3.0, 10.0, -10.0, 20.5, 26.6, 38.0, -38.0, 100.0, 171.0, -171.5,
    15.0, 16.0, 1e4, 1e6, 1e14, 1e15, -1e18, np.inf, -np.inf, np.nan,
)  # fmt: skip

LOOSER = {"norm_pdf": 2e4, "norm_cdf": 2e4, "gelu": 2e4, "sinc_derivative": 200, "lgamma": 200}
"""Where the direct tier, or torch, is so many units off, or the function is 0."""


def call(function: Function) -> str:
    """The function of x, y and such, as a number."""
    given = {
        "number": iter(("x", "y", "x + y", "x*y")),
        "boolean": iter(("x > y", "y > 0")),
        "integer": iter("2111"),
        "constant": iter(("0.5", "1.5")),
    }
    kinds = function.kinds or ("number",) * len(function.params)
    text = OPERATORS.get(function.name) or f"{function.name}({', '.join(next(given[kind]) for kind in kinds)})"
    return f"(1.0 if {text} else 0.0)" if function.result == "boolean" else text


def tuple_of(texts: list[str], dtype: str) -> CompileJob:
    """Texts as the components of one expression of points (x, y)."""
    lines = "; ".join(f"v{n} = {text}" for n, text in enumerate(texts))
    names = ", ".join(f"v{n}" for n in range(len(texts)))
    return CompileJob(f"{lines}; {names}", ("x", "y"), ((0,), (0,)), 1, ((),), dtype, "cpu")


def points(dtype: str) -> tuple[Array, Array]:
    random = np.random.default_rng(0)
    spread = [random.uniform(-4, 4, 900), random.uniform(-40, 40, 500), 10.0 ** random.uniform(-15, 15, 200)]
    pairs = np.array(list(itertools.product(AWKWARD, AWKWARD))).T
    x, y = (np.concatenate([*(random.permutation(each) for each in spread), own]) for own in pairs)
    return x.astype(dtype), y.astype(dtype)


def computed(engine: Any, job: CompileJob, planes: int, x: Array, y: Array) -> Array:
    inputs = tuple(ArrayValues(each, (0,), 1) for each in (x, y)[: len(job.names)])
    out = np.full((planes, len(x)), 12345.0, job.dtype)
    engine.compute([Tile(inputs, Subgrid((0,), (len(x),)))], [out])
    return out


@pytest.fixture(scope="module", params=itertools.product(("float64", "float32"), range(len(PARTS))), ids=str)
def built(
    request: pytest.FixtureRequest, build_engine: Callable[[CompileJob], Built]
) -> tuple[list[str], CompileJob, Built]:
    dtype, part = request.param
    names = PARTS[part]
    job = tuple_of([call(FUNCTIONS[name]) for name in names], dtype)
    return names, job, build_engine(job)


@needs_compiler
def test_values_are_as_in_the_direct_tier(built: tuple[list[str], CompileJob, Built]) -> None:
    names, job, (compiled, direct) = built
    x, y = points(job.dtype)
    got, expected = (computed(engine, job, len(names), x, y) for engine in (compiled, direct))
    epsilon = float(np.finfo(job.dtype).eps)
    for name, found, right in zip(names, got, expected, strict=True):
        np.testing.assert_allclose(
            found, right, rtol=LOOSER.get(name, 16) * epsilon, atol=4 * epsilon, err_msg=name, equal_nan=True
        )


@needs_compiler
def test_zeros_have_their_signs(built: tuple[list[str], CompileJob, Built]) -> None:
    names, job, (compiled, direct) = built
    x, y = points(job.dtype)
    got, expected = (computed(engine, job, len(names), x, y) for engine in (compiled, direct))
    for name, found, right in zip(names, got, expected, strict=True):
        zero = (found == 0) & (right == 0)
        assert np.array_equal(np.signbit(found[zero]), np.signbit(right[zero])), name


@needs_compiler
def test_each_number_is_computed_by_itself(built: tuple[list[str], CompileJob, Built]) -> None:
    names, job, (compiled, _) = built
    x, y = points(job.dtype)
    expected = computed(compiled, job, len(names), x, y)
    for seed in range(4):
        shuffled = np.random.default_rng(seed).permutation(len(x))
        got = computed(compiled, job, len(names), x[shuffled], y[shuffled])
        for name, found, right in zip(names, got, expected[:, shuffled], strict=True):
            np.testing.assert_array_equal(found, right, err_msg=name)


WRITTEN_HERE: dict[str, tuple[Callable[[Any], Any], float]] = {
    "exp(x)": (mpmath.exp, 1),
    "erfc(x)": (mpmath.erfc, 5),
    "norm_cdf(x)": (mpmath.ncdf, 6),
    "norm_pdf(x)": (mpmath.npdf, 3),
    "abs(x)**1.7": (lambda x: abs(x) ** mpmath.mpf(1.7), 1),
    "abs(x)**-7": (lambda x: abs(x) ** -7, 1),
    "abs(x)**0.1": (lambda x: abs(x) ** mpmath.mpf(0.1), 1),
    "x**4": (lambda x: x**4, 2),
}
"""What is not Sleef's or torch's, and how many epsilons it may be off, each relative to its own value."""


@needs_compiler
def test_what_is_written_here_is_right(build_engine: Callable[[CompileJob], Built]) -> None:
    job = tuple_of(list(WRITTEN_HERE), "float64")._replace(names=("x",), dims=((0,),))
    random = np.random.default_rng(1)
    spans = ((-1e-3, 1e-3), (-1, 1), (-9, 9), (-37, 37), (-700, 700))
    x = np.concatenate([random.uniform(low, high, 200) for low, high in spans])
    got = computed(build_engine(job)[0], job, len(WRITTEN_HERE), x, x)
    epsilon = np.finfo(float).eps
    with mpmath.workdps(40):
        for (text, (function, most)), found in zip(WRITTEN_HERE.items(), got, strict=True):
            for at, value in zip(x, found, strict=True):
                right = function(mpmath.mpf(float(at)))
                if 1e-300 < abs(right) < 1e300:
                    assert abs(mpmath.mpf(float(value)) / right - 1) <= most * epsilon, f"{text} at {at}"


@needs_compiler
def test_powers_are_right_at_their_ends(build_engine: Callable[[CompileJob], Built]) -> None:
    exponents = (1.7, -1.7, 0.5, -0.5, 2.0, 3.0, 4.0, 5.0, -1.0, -2.0, -3.0, 0.0, 1e3, 1e-300)
    job = tuple_of([f"x**{exponent!r}" for exponent in exponents], "float64")._replace(names=("x",), dims=((0,),))
    x = np.array([0.0, -0.0, 5e-324, 1e-310, 1e-308, 1e300, np.inf, -np.inf, np.nan, 1.0, -1.0, -2.0, 1 + 1e-15])
    compiled, direct = build_engine(job)
    got, expected = (computed(engine, job, len(exponents), x, x) for engine in (compiled, direct))
    for exponent, found, right in zip(exponents, got, expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-15, atol=0, err_msg=str(exponent), equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", NAMES)
def test_every_function_has_a_form(name: str, dtype: torch.dtype) -> None:
    made = record(name, (2,) * len(FUNCTIONS[name].integers), dtype)
    assert len(made.kinds) == len(FUNCTIONS[name].params) - len(FUNCTIONS[name].integers)
    assert made.kind == ("Mask" if FUNCTIONS[name].result == "boolean" else "Vector")
