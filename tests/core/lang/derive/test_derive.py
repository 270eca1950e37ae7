from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from gridgrad_core.errors import TooLargeError
from gridgrad_core.grid import expand_order
from gridgrad_core.lang.derive.derive import derive, deriving
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.program import Program
from tests.core.lang.evaluator import evaluate

WORKLOADS = Path(__file__).parents[3] / "workloads"


def derivative(text: str, *wrt: str) -> Program:
    """One derivative alone."""
    return derive(parse(text), [wrt]).alone(wrt)


def at(text: str, wrt: str, **inputs: float) -> float:
    (value,) = evaluate(derivative(text, *wrt.split()), **inputs)
    return value


def operations(program: Program) -> int:
    return sum(bool(node.args) for node in program.nodes)


CLOSED_FORMS: list[tuple[str, str, Callable[[float, float], float]]] = [
    ("t*k + 2*t*k**2", "t", lambda _t, k: k + 2 * k**2),
    ("t*k + 2*t*k**2", "k", lambda t, k: t + 4 * t * k),
    ("t*k + 2*t*k**2", "t k", lambda _t, k: 1 + 4 * k),
    ("t*k + 2*t*k**2", "k k", lambda t, _k: 4 * t),
    ("t/k", "k", lambda t, k: -t / k**2),
    ("t/k", "t k k", lambda _t, k: 2 / k**3),
    ("t/k", "k k k k", lambda t, k: 24 * t / k**5),
    ("(t + k)/(t - k)", "t", lambda t, k: -2 * k / (t - k) ** 2),
    ("(t + k)/(t - k)", "t t", lambda t, k: 4 * k / (t - k) ** 3),
    ("exp(-t*k)", "t t", lambda t, k: k * k * math.exp(-t * k)),
    ("exp(-t*k)", "t k", lambda t, k: (t * k - 1) * math.exp(-t * k)),
    ("log(t)*k", "t t t t", lambda t, k: -6 * k / t**4),
    ("sin(t*k)", "t t k", lambda t, k: -2 * k * math.sin(t * k) - t * k * k * math.cos(t * k)),
    ("t**k", "t", lambda t, k: k * t ** (k - 1)),
    ("t**k", "k k", lambda t, k: math.log(t) ** 2 * t**k),
    ("t**k", "t k", lambda t, k: t ** (k - 1) * (1 + k * math.log(t))),
    ("t**(1/4)*k", "t t", lambda t, k: -3 / 16 * t**-1.75 * k),
    ("2**t*k", "t t", lambda t, k: math.log(2) ** 2 * 2**t * k),
    ("sqrt(t)/k", "t t t", lambda t, k: 3 / 8 * t**-2.5 / k),
    ("tan(t)*k", "t t", lambda t, k: 2 * math.tan(t) * (1 + math.tan(t) ** 2) * k),
    ("arctan(t/k)", "t", lambda t, k: k / (t * t + k * k)),
    ("where(t > k, t*k, t + k)", "t", lambda t, k: k if t > k else 1),
    ("maximum(t*t, k)", "t", lambda t, k: 2 * t if t * t > k else 0),
    ("abs(t - k)*t", "t", lambda t, k: abs(t - k) + t * math.copysign(1, t - k)),
    ("norm_cdf(t/k)", "t t", lambda t, k: -t / k**3 * math.exp(-((t / k) ** 2) / 2) / math.sqrt(2 * math.pi)),
    ("u = t*t + k; v = u*u; v*u", "t", lambda t, k: 6 * t * (t * t + k) ** 2),
]


@pytest.mark.parametrize(("text", "wrt", "closed"), CLOSED_FORMS)
def test_derivatives_are_those_of_the_closed_form(text: str, wrt: str, closed: Callable[[float, float], float]) -> None:
    for t, k in itertools.product((0.3, 1.25, 2.5), (0.7, 1.5, 3.25)):
        assert at(text, wrt, t=t, k=k) == pytest.approx(closed(t, k), rel=1e-13)


@pytest.mark.parametrize(
    ("text", "wrt", "written"),
    [
        ("x**2", "x", "2*x"),
        ("x**3", "x x", "6*x"),
        ("x**3", "x x x", "6"),
        ("x**3", "x x x x", "0"),
        ("0.5*x**2", "x", "x"),
        ("x**2/2", "x", "x"),
        ("x*x", "x", "2*x"),
        ("x/4", "x", "0.25"),
        ("1/x", "x", "-(1/x/x)"),
        ("exp(-x)", "x", "-exp(-x)"),
        ("exp(-x)", "x x", "exp(-x)"),
        ("log(x)", "x", "1/x"),
        ("log(y*x)", "x", "y/(y*x)"),
        ("sin(2*x)", "x x", "-4*sin(2*x)"),
        ("x - y", "y", "-1"),
        ("-x*y", "x", "-y"),
        ("x**0", "x", "0"),
        ("x**1", "x", "1"),
        ("sqrt(4*x)", "x", "2/sqrt(4*x)"),
        ("where(x > y, x, y)", "x", "where(x > y, 1, 0)"),
        ("where(x > y, x*y, exp(x))", "x", "where(x > y, y, exp(x))"),
        ("where(x > 0, x + y, x*y)", "y x", "where(x > 0, 0, 1)"),
    ],
)
def test_nothing_is_written_down_that_need_not_be(text: str, wrt: str, written: str) -> None:
    assert derivative(text, *wrt.split()).text == written


def test_powers_of_zero_have_exact_derivatives() -> None:
    found = [at("x**3 + x**2", "x " * order, x=0.0) for order in range(5)]
    assert found == [0, 0, 2, 6, 0]


def test_what_does_not_depend_on_an_input_has_no_derivative_by_it() -> None:
    program = parse("sin(t)*exp(t) + 3*k")
    derived = derive(program, [("k",), ("k", "k"), ("z",)])
    assert operations(derived.program) == operations(program)
    assert [derived.program.nodes[derived.outputs_of(d)[0]].value for d in derived.derivatives[1:]] == [3, 0, 0]


def test_an_infinity_elsewhere_does_not_reach_a_derivative() -> None:
    assert at("exp(t) + t*k", "k", t=1000.0, k=1.0) == 1000
    assert at("exp(exp(t))*0 + k", "k", t=1000.0, k=1.0) == 1


def test_the_callers_zero_is_a_number_like_any_other() -> None:
    """0*inf is nan in the value, and so it is in the derivative."""
    assert math.isnan(at("0*exp(x)", "x", x=1000.0))
    assert at("0*exp(x)", "x", x=1.0) == 0


@pytest.mark.parametrize("order", range(5))
def test_the_side_not_taken_does_not_count(order: int) -> None:
    text = "where(x > 0, log(x) + sqrt(x), 0)"
    assert at(text, "x " * order, x=0.0) == 0
    assert at(text, "x " * order, x=-1.0) == 0
    assert math.isfinite(at(text, "x " * order, x=1.0))


@pytest.mark.parametrize(
    ("text", "beyond"),
    [("maximum(sqrt(x), 1)", 1 / 3), ("where(x > 0, sqrt(x), 1)", 1 / 3), ("clip(sqrt(x), 1, 1.25)", 0)],
)
def test_an_infinite_tangent_of_what_is_not_selected_is_dropped(text: str, beyond: float) -> None:
    assert at(text, "x", x=0.0) == 0
    assert at(text, "x", x=2.25) == pytest.approx(beyond)


def test_ties_are_those_of_the_table() -> None:
    assert at("maximum(x, y)", "x", x=1.0, y=1.0) == 0.5
    assert at("maximum(2*x, x*y)", "x", x=1.0, y=2.0) == 2
    assert at("abs(x)", "x", x=0.0) == 0


def test_operations_without_slope_stop_the_walk() -> None:
    derived = derive(parse("floor(exp(x))*y + (x > 1)"), [("x",)])
    assert derived.program.nodes[derived.outputs_of(("x",))[0]].value == 0


def test_what_several_derivatives_need_is_there_once() -> None:
    derived = derive(parse("exp(t*k)*sin(t*k)"), expand_order(["t", "k"], 3))
    kinds = Counter(node.op for node in derived.program.nodes)
    assert (kinds["exp"], kinds["sin"], kinds["cos"]) == (1, 1, 1)
    assert len(set(derived.program.nodes)) == len(derived.program.nodes)


def test_a_derivative_takes_what_its_value_has_computed() -> None:
    derived = derive(parse("exp(x)/y"), [("x",), ("x", "x"), ("y",)])
    value, first, second, by_y = (derived.outputs_of(d)[0] for d in derived.derivatives)
    assert value == first == second
    assert derived.program.nodes[by_y - 1].args == (value, derived.program.nodes[value].args[1])


@pytest.mark.parametrize(
    ("name", "order", "most"),
    [
        ("nitrogen_helmholtz", 1, 511),
        ("nitrogen_helmholtz", 2, 1048),
        ("black_scholes_call", 1, 44),
        ("black_scholes_call", 2, 96),
        ("himmelblau", 4, 34),
    ],
)
def test_the_workloads_take_no_more_operations_than_they_did(name: str, order: int, most: int) -> None:
    workload = json.loads((WORKLOADS / f"{name}.json").read_text())
    derived = derive(parse(workload["expression"]), expand_order(list(workload["axes"]), order))
    assert operations(derived.program) <= most


def test_results_stand_in_wire_order() -> None:
    derived = derive(parse("u = t*k; v = t + k; u, v"), [("t",), (), ("k", "k"), ("t",)])
    assert derived.derivatives == ((), ("t",), ("k", "k"))
    assert derived.program.components == ("u", "v", "u_t", "v_t", "u_k_k", "v_k_k")
    assert evaluate(derived.program, t=2.0, k=3.0) == [6, 5, 3, 1, 0, 0]
    assert derived.outputs_of(("t",)) == derived.program.outputs[2:4]


def test_names_of_derivatives_are_free() -> None:
    derived = derive(parse("f_t = 3*t; f_t, f_t_k*t"), [("t",), ("k",)])
    names = derived.program.components
    assert len(set(names)) == len(names)
    assert not {*names[2:]} & {*names[:2], *derived.program.inputs}


def test_the_derived_program_can_be_read_back() -> None:
    derived = derive(parse("v = where(t > k, t**k, log(t)); v*k"), expand_order(["t", "k"], 2))
    assert parse(str(derived.program)) == derived.program


def test_mixed_derivatives_do_not_depend_on_company() -> None:
    alone = derivative("exp(t*k)/t", "t", "k")
    among = derive(parse("exp(t*k)/t"), expand_order(["t", "k"], 3))
    values = evaluate(among.program, t=0.7, k=1.3)
    assert values[among.derivatives.index(("t", "k"))] == evaluate(alone, t=0.7, k=1.3)[0]


def _chain(length: int) -> Program:
    """As many operations, each on the one before; deeper than any recursion could go."""
    lines = "\n".join("y = sin(y)*x + y" for _ in range(length // 3))
    return parse(f"y = x\n{lines}\ny")


def test_a_long_program_is_derived_without_recursion() -> None:
    program = _chain(20_000)
    derived = derive(program, [("x",)])
    assert operations(derived.program) <= 3 * operations(program)


def test_deep_sharing_is_no_tree() -> None:
    """Sixty squarings are 2**60 factors as a tree, and sixty nodes."""
    program = parse("\n".join(["x = a + b", *["x = x*x"] * 60, "x"]))
    assert operations(derive(program, expand_order(["a", "b"], 2)).program) < 1000


@pytest.mark.parametrize(
    ("line", "most"),
    [
        ("y = max(y*x, abs(y) - x)", 10),
        ("y = relu(y*x - 0.5)*abs(y) + clip(y, -1, 1)", 40),
        ("y = 2*abs(x)*max(x, 0)*y + y", 15),
        ("y = (y**2)**0.75*sqrt(y)*x", 30),
        ("y = y/(1 + y)/cosh(y)", 40),
        ("y = y/(exp(y) - 1)", 25),
        ("y = where(x < 1, x*y, 0)*copysign(y, x)", 40),
    ],
)
def test_what_is_taken_apart_grows_as_the_program_does(line: str, most: int) -> None:
    """By the operations of second derivatives for each operation, in a program deeper than any recursion could go."""
    program = parse("\n".join(["y = x", *[line] * 400, "y"]))
    assert operations(derive(program, [("x", "x")]).program) <= most * operations(program)


def test_steps_are_short() -> None:
    steps = deriving(_chain(3000), [("x",), ("x", "x")])
    count = sum(1 for _ in steps)
    assert count > 300


def test_too_many_operations_are_refused() -> None:
    program = parse("x**y**x**y*sin(x**y)")
    with pytest.raises(TooLargeError, match="more than 200 operations; ask for fewer derivatives"):
        derive(program, expand_order(["x", "y"], 4), limit=200)
