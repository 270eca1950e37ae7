"""Derived programs against mpmath, against the functional engine's derivatives, and against published values."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path

import mpmath as mp
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgrad.checks.mpmath_reference import evaluate, partial
from gridgrad_core.grid import expand_order
from gridgrad_core.lang.derive.derive import Derived, derive
from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.engines.functional.partials import walk
from gridgrad_worker.torch_ops.evaluate import torch_function
from tests.seeds import examples

pytestmark = pytest.mark.processor

AWKWARD = (0.0, -0.0, 0.5, 1.0, -1.0, 2.5, -3.25, 30.0, math.inf, -math.inf)
WORKLOADS = Path(__file__).parents[2] / "workloads"


def call_of(function: Function) -> Program:
    """The function of its parameters; 2 stands for a constant integer, 2.5 for a constant, p > 0.5 for a condition."""
    builder = Builder()
    nodes = []
    for param, kind in itertools.zip_longest(function.params, function.kinds):
        if kind in ("integer", "constant"):
            nodes.append(builder.const(2.0 if kind == "integer" else 2.5))
            continue
        node = builder.input(param)
        nodes.append(builder.op("gt", node, builder.const(0.5)) if kind == "boolean" else node)
    node = builder.op(function.name, *nodes)
    if function.result == "boolean":
        node = builder.op("where", node, builder.const(1.0), builder.const(0.0))
    constant = [param for param, kind in zip(function.params, function.kinds, strict=False) if kind == "constant"]
    names = tuple(param for param in function.params if param not in (*function.integers, *constant))
    return Program(tuple(builder.nodes), (node,), ("f",), False, names)


def by_derived(derived: Derived, points: Sequence[torch.Tensor]) -> list[list[float]]:
    """Each derivative at each point, with the derived program."""
    results = torch_function(derived.program, derived.source.inputs, points[0].dtype)(*points)
    return [result.expand(points[0].shape).tolist() for result in results]


def by_torch(derived: Derived, points: Sequence[torch.Tensor]) -> list[list[float]]:
    """Each derivative at each point, as the functional engine computes it."""
    dtype = points[0].dtype
    names = derived.source.inputs
    orders = [tuple(names.index(name) for name in derivative) for derivative in derived.derivatives]
    function = walk(torch_function(derived.source, names, dtype), orders, "forward")
    results = torch.func.vmap(function)(*points)
    return [torch.empty_like(points[0]).copy_(result).tolist() for result in results]


def agree(found: float, expected: float, scale: float) -> bool:
    if math.isnan(expected):
        return not math.isfinite(found)
    return found == expected or abs(found - expected) <= scale


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_at_awkward_points_is_as_the_functional_engine_has_it(name: str) -> None:
    program = call_of(FUNCTIONS[name])
    inputs = len(program.inputs)
    derived = derive(program, expand_order(program.inputs, {1: 4, 2: 3}.get(inputs, 2)))
    columns = zip(*itertools.product(AWKWARD if inputs < 3 else AWKWARD[::2], repeat=inputs), strict=True)
    points = [torch.tensor(column, dtype=torch.float64) for column in columns]
    expected = by_torch(derived, points)
    largest = [max((abs(v) for v in values if math.isfinite(v)), default=0) for values in zip(*expected, strict=True)]
    for derivative, ours, theirs in zip(derived.derivatives, by_derived(derived, points), expected, strict=True):
        for place, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            at = [float(column[place]) for column in points]
            if name == "cbrt" and math.isinf(at[0]) and math.isnan(b):
                assert a == 0, "the limit, which torch's chain of products has not"
                continue
            if name == "ellipeinc" and at[1] == math.inf and math.isnan(a):
                continue  # beyond its domain, where torch has 0 of a product
            assert agree(a, b, 1e-13 * largest[place]), f"{name} by {derivative} at {at}: {a!r}, not {b!r}"


UNARY = ("sin", "exp", "tanh", "arctan", "sigmoid", "erf", "norm_cdf", "sech", "square", "cosh", "sinc")
POSITIVE = ("log", "sqrt", "lgamma", "log1p", "cbrt")
# Constants and exponents of few bits: their products are exact, and so is what mpmath makes of them
CONSTANTS = ("2", "3", "0.5", "-1.5", "4", "(1/4)")
EXPONENTS = ("2", "3", "-1", "0.5", "-1.5", "1", "0", "(1/2)")

expressions = st.recursive(
    st.sampled_from(("x", "y", *CONSTANTS)),
    lambda inner: st.one_of(
        st.builds("({} + {})".format, inner, inner),
        st.builds("({} - {})".format, inner, inner),
        st.builds("{}*{}".format, inner, inner),
        st.builds("({}/(2 + ({})**2))".format, inner, inner),
        st.builds("(-({}))".format, inner),
        st.builds("{}({})".format, st.sampled_from(UNARY), inner),
        st.builds("{}(1 + ({})**2)".format, st.sampled_from(POSITIVE), inner),
        st.builds("(1 + ({})**2)**{}".format, inner, st.sampled_from(EXPONENTS)),
        st.builds("(1 + ({})**2)**({})".format, inner, inner),
        st.builds("where(x > 0, {}, {})".format, inner, inner),
        st.builds("hypot(1, {})".format, inner),
    ),
    max_leaves=7,
)
coordinates = st.sampled_from((-1.25, -0.375, 0.4375, 0.875, 1.5))


@settings(max_examples=examples(60))
@given(expressions, coordinates, coordinates)
def test_derived_programs_are_derivatives(text: str, x: float, y: float) -> None:
    """At high precision, so that nothing counts but the formula, and the constants in it that are rounded."""
    program = parse(text)
    derived = derive(program, expand_order(["x", "y"], 2))
    expected = [partial(program, {"x": x, "y": y}, derivative) for derivative in derived.derivatives]
    scale = max(1.0, *(float(abs(each)) for each in expected))
    found = evaluate(derived.program, {"x": x, "y": y})
    for derivative, output, right in zip(derived.derivatives, found, expected, strict=True):
        assert mp.almosteq(output, right, rel_eps=1e-15, abs_eps=1e-15 * scale), (text, derivative)


@settings(max_examples=examples(60))
@given(expressions)
def test_derived_programs_compute_what_the_functional_engine_does(text: str) -> None:
    program = parse(f"x + {text}")
    derived = derive(program, expand_order(program.inputs, 4 if len(program.inputs) == 1 else 3))
    columns = zip(*itertools.product((-1.25, 0.0, 0.4375, 1.5), repeat=len(program.inputs)), strict=True)
    points = [torch.tensor(column, dtype=torch.float64) for column in columns]
    expected = by_torch(derived, points)
    scale = [max((abs(v) for v in values if math.isfinite(v)), default=0) for values in zip(*expected, strict=True)]
    for derivative, ours, theirs in zip(derived.derivatives, by_derived(derived, points), expected, strict=True):
        for place, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            assert agree(a, b, 1e-11 * scale[place]), (text, derivative, a, b)


SPELLED = (
    "x/(y + x)", "x**2/(y + x**2)", "x*y/(x + y)", "x**y/(2**y + x**y)", "-3*x/(1 + x*x)", "x/sqrt(y**2 + x**2)",
    "1/(1/x + 1/y)", "x**3/(exp(x) - 1)", "y/(1 - exp(x))", "x/expm1(y)", "1/(1 + exp((x - 1)/y))", "log(1 + exp(x*y))",
    "x*exp(x)/(1 + exp(x))", "y/cosh(x)**3", "sinh(x)/cosh(x)", "exp(x)/(exp(x) + exp(y))", "-x/(5 - y + x)",
    "x*x/(x + y)**2", "x**0.5/(1 + x**0.5)", "y*x/hypot(x, 2)", "x/(1 + y + x*y)", "(x*y)**2/(1 + (x*y)**2)",
    "max(x, y)*x*sqrt(x*y)", "abs(x - 2)*cbrt(x)**2/(1 + x)", "-x/(-(1 + x))", "x/(2 - 9*x)", "x**2*y/(x + y)/(x + y)",
    "abs(x - 3)/(1 + abs(x - 3))", "cbrt(-x)/(2 - cbrt(x))", "hypot(x, y)/(1 + hypot(x, y))", "clip(x, y, 2)*x",
    "min(x, y)*max(x, y)**2", "sqrt((x - 3)**2)*y", "((x - 3)**2)**1.5*(x - 3)", "relu(x - y)**2*abs(y - x)",
)  # fmt: skip
"""What is derived in another spelling, or with choices and powers merged."""


@pytest.mark.parametrize("text", SPELLED)
def test_other_spellings_have_the_same_derivatives(text: str) -> None:
    program = parse(text)
    derived = derive(program, expand_order(program.inputs, 3))
    for x, y in ((0.375, 1.25), (1.5, 0.625)):
        point = {name: {"x": x, "y": y}[name] for name in program.inputs}
        for derivative, output in zip(derived.derivatives, evaluate(derived.program, point), strict=True):
            expected = partial(program, point, derivative)
            assert mp.almosteq(output, expected, rel_eps=1e-15, abs_eps=1e-20), derivative


def test_the_equation_of_state_agrees_with_published_values() -> None:
    workload = json.loads((WORKLOADS / "nitrogen_helmholtz.json").read_text())
    derived = derive(parse(workload["expression"]), expand_order(["delta", "tau"], 2))
    keys = ["value", "delta_1", "tau_1", "delta_2", "delta_tau", "tau_2"]
    reference = workload["reference"]
    points = [torch.tensor([row[name] for row in reference], dtype=torch.float64) for name in derived.source.inputs]
    for key, found in zip(keys, by_derived(derived, points), strict=True):
        assert found == pytest.approx([row[key] for row in reference], rel=1e-12)


def test_diff_in_the_language_is_the_derivative() -> None:
    """Pressure over ρRT, 1 + δ·∂α/∂δ, in one expression; and its own derivative through both engines."""
    workload = json.loads((WORKLOADS / "nitrogen_helmholtz.json").read_text())
    program = parse(f"a = {workload['expression']}; 1 + delta*diff(a, delta)")
    reference = workload["reference"]
    points = [torch.tensor([row[name] for row in reference], dtype=torch.float64) for name in program.inputs]
    derived = derive(program, [("delta",)])
    value, slope = by_derived(derived, points)
    assert value == pytest.approx([1 + row["delta"] * row["delta_1"] for row in reference], rel=1e-12)
    assert slope == pytest.approx([row["delta_1"] + row["delta"] * row["delta_2"] for row in reference], rel=1e-11)
    assert by_torch(derived, points)[1] == pytest.approx(slope, rel=1e-11)
