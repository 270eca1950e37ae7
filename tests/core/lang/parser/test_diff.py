from __future__ import annotations

import math

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.parser.parser import parse, parsing
from gridgrad_core.lang.program import limits
from tests.core.lang.evaluator import evaluate


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("diff(x**2, x)", "2*x"),
        ("diff(x**3, x, 2)", "6*x"),
        ("diff(x**3, x, 1 + 2)", "6"),
        ("diff(x**3, x, 0)", "x**3"),
        ("diff(x**3, (x))", "3*x**2"),
        ("diff(diff(x**2*y**2, x), y)", "2*x*(2*y)"),
        ("u = x*x; v = u*y; diff(v, x)", "x = x\ny*(2*x)"),
        ("-diff(x, x)", "-1"),
        ("2**diff(x**2, x)", "2**(2*x)"),
        ("diff(x, x)**2*x", "1**2*x"),
        ("delta*diff(a, delta)", "delta*0"),
        ("diff(x > 0, x) + x", "0 + x"),
        ("diff(a if x > 0 else x, x)", "where(x > 0, 0, 1)"),
        ("diff = 3*x; diff + diff(diff, x)", "3*x + 3"),
        ("polygamma(diff(x**2, x, 2), x)", "polygamma(2, x)"),
        ("maximum(diff(x**2, x), diff(x*y, x), 1)", "maximum(maximum(2*x, y), 1)"),
        ("diff(\n x**2,\n x)", "2*x"),
        ("p = diff(x*y, y); p, diff(p, x)", "p = x\np, 1"),
        ("a = x; diff(a*2, a)", "2"),
        ("v = 2*x; diff(v**3, v)", "3*(2*x)**2"),
        ("v = 2*x; diff(v**3, v, 2)", "6*(2*x)"),
        ("v = 2*x; diff(diff(v**3, v), v)", "6*(2*x)"),
        ("v = 2*x; diff(v*x, v)", "x"),
        ("v = 2*x; x + diff(y, v)", "x + 0"),
        ("v = sin(x); w = v*y; diff(exp(w), w)*diff(w, v)", "exp(sin(x)*y)*y"),
    ],
)
def test_a_derivative_stands_where_it_was_asked_for(text: str, expanded: str) -> None:
    program = parse(text)
    assert program.text == expanded
    assert program == parse(expanded)
    assert program.digest == parse(expanded).digest


def test_a_residual() -> None:
    """The Taylor-Green vortex solves the diffusion equation."""
    program = parse("u = cos(x)*sin(y)*exp(-2*nu*t); diff(u, t) - nu*(diff(u, x, 2) + diff(u, y, 2))")
    assert evaluate(program, x=0.3, y=0.7, t=1.5, nu=0.1) == pytest.approx([0], abs=1e-16)


def test_an_input_may_be_called_like_a_constant() -> None:
    assert parse("diff(x*e**2, e)", ["e"]).text == "x*(2*e)"


def test_inputs_that_the_derivative_does_not_use_are_none() -> None:
    assert parse("k + diff(x*y, x)").inputs == ("k", "y")


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("diff(x)", 1, "diff takes 2 or 3 arguments, not 1; write diff(u, x), or diff(u, x, n)"),
        ("1 + diff()", 5, "diff takes 2 or 3 arguments, not 0"),
        ("diff(x, x, 1, 1)", 1, "diff takes 2 or 3 arguments, not 4"),
        ("diff(x, x, 5)", 12, "a derivative of order 5; write 4 at most"),
        (
            "diff(polygamma(18, x), x, 2)",
            1,
            "a derivative of polygamma(19, x), of which the digits would be lost; ask for",
        ),
        ("diff(x, x, 0.5)", 12, "the argument n of diff is no constant integer of 0 or more; write a number for it"),
        ("diff(x, x, -1)", 12, "the argument n of diff is no constant integer"),
        ("diff(x, x, y)", 12, "the argument n of diff is no constant integer"),
        (
            "diff(x, 2)",
            9,
            "a constant as the second argument of diff; name an input or a variable, as in diff(x**2, x)",
        ),
        ("diff(x*pi, pi)", 12, "a constant as the second argument of diff; name an input or a variable"),
        ("diff(x, x + 1)", 9, "an expression as the second argument of diff; name an input or a variable"),
        ("diff(x, (x, y))", 9, "a tuple as the second argument of diff; name an input"),
        ("diff((x, y), x)", 6, "a tuple inside an expression"),
        (
            "x = 3; diff(x, x)",
            16,
            "x, which is a constant, as the second argument of diff; name an input or a variable",
        ),
        ("a = x > 0; diff(x, a)", 20, "a derivative by a, which is a condition; name an input or a variable"),
        ("diff(x*B, b)", 11, "a derivative by b, which stands nowhere else; name an input that the expression uses"),
        ("(diff(x, x)", 1, "'(' is never closed"),
        ("diff(x, x", 1, "'diff(' is never closed"),
    ],
)
def test_refusals_name_the_place_and_the_remedy(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert f"line 1, column {column}: {message}" in str(caught.value)


def test_expansion_obeys_the_limit_of_operations() -> None:
    """Each derivative of a tower of exponentials is several times as long as the one before."""
    lines = ["u = exp(exp(exp(exp(exp(x*y)))))", *["u = diff(u, x, 4)"] * 20, "u"]
    with pytest.raises(ExpressionError, match=f"a diff that comes to more than {limits.MAX_OPERATIONS:,} operations"):
        parse("\n".join(lines))


def test_derivatives_by_many_inputs_are_refused() -> None:
    names = [f"x{i}" for i in range(17)]
    product = "*".join(names)
    with pytest.raises(ExpressionError, match="derivatives by more than 16 inputs"):
        parse(f"p = {product}; {' + '.join(f'diff(p, {name})' for name in names)}")


def test_expansion_goes_in_steps() -> None:
    lines = "\n".join("u = sin(u)*x + u" for _ in range(1000))
    text = f"u = x\n{lines}\nu"
    plain = sum(1 for _ in parsing(text))
    assert sum(1 for _ in parsing(f"{text[:-1]}diff(u, x, 2)")) > plain + 100


def test_repeated_derivatives_share_their_work() -> None:
    """A thousand times the derivative of something long is asked for, and once it is taken."""
    lines = "\n".join("u = sin(u)*x + u" for _ in range(1000))
    many = " + ".join(["diff(u, x)"] * 1000)
    once = parse(f"u = x\n{lines}\ndiff(u, x)")
    assert len(parse(f"u = x\n{lines}\n{many}").nodes) == len(once.nodes) + 999


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        # Euler-Lagrange: the momentum m*v is the Lagrangian's derivative by the velocity, the force that by the place
        (
            "q = a*sin(t); v = diff(q, t); L = 0.5*m*v**2 - 0.5*k*q**2; diff(L, v)",
            {"a": 2, "t": 0.3, "m": 3, "k": 5},
            3 * 2 * math.cos(0.3),
        ),
        (
            "q = a*sin(t); v = a*cos(t); L = 0.5*m*v**2 - 0.5*k*q**2; diff(L, q)",
            {"a": 2, "t": 0.3, "m": 3, "k": 5},
            -5 * 2 * math.sin(0.3),
        ),
        # The rules know what powers of powers come to; the variable has to outlive them
        ("v = x**2; diff(v**1.5, v)", {"x": 3}, 1.5 * 3),
        ("v = x**2; diff(v**1.5, v, 2)", {"x": 3}, 0.75 / 3),
        ("v = sqrt(x); diff(v**4, v, 3)", {"x": 4}, 24 * 2),
        ("v = x*y; w = v**2; diff(w, v, 2) + diff(v**3*w, w)", {"x": 2, "y": 3}, 2 + 6**3),
    ],
)
def test_by_a_variable_as_a_function_of_it(text: str, at: dict[str, float], expected: float) -> None:
    assert evaluate(parse(text), **at) == pytest.approx([expected], rel=1e-14)


def test_derivatives_by_many_variables_are_refused() -> None:
    lines = [f"v{i} = x + {i}" for i in range(17)]
    total = " + ".join(f"diff(v{i}**2, v{i})" for i in range(17))
    with pytest.raises(ExpressionError, match="derivatives by more than 16 variables"):
        parse("\n".join([*lines, total]))


def test_repeated_derivatives_by_a_variable_share_their_work() -> None:
    lines = "\n".join("u = sin(u)*v + u" for _ in range(1000))
    many = " + ".join(["diff(u, v)"] * 1000)
    steps = sum(1 for _ in parsing(f"v = 2*x\nu = v\n{lines}\ndiff(u, v)"))
    assert sum(1 for _ in parsing(f"v = 2*x\nu = v\n{lines}\n{many}")) < 3 * steps


@pytest.mark.parametrize(
    ("lines", "inner", "outer", "expected"),
    [
        ("d = r/2\nt = 3/T\na = 2*d*t", "d", "t", 2.0),
        ("d = r/2\nt = 3/T\na = 2*d*t", "t", "d", 2.0),
        ("d = r/2\nt = sqrt(T)\na = d*t**3", "d", "t", 3 * 2.0),
        ("t = 3/T\na = 2*r*t", "r", "t", 2.0),
        ("t = exp(T)\na = r*log(t)", "r", "t", math.exp(-2.0)),
        ("t = 3/T\ns = 2*t\na = r*s", "r", "t", 2.0),
        ("p = 1/2\nt = 3/T\na = t*r**p", "r", "t", 0.5 * 1.5**-0.5),
    ],
)
def test_a_variable_is_one_in_derivatives_by_others_too(lines: str, inner: str, outer: str, expected: float) -> None:
    """Rules may rewrite 2*(3/T) as 6/T, in which nobody finds t = 3/T again: the next derivative would be 0."""
    program = parse(f"{lines}\ndiff(diff(a, {inner}), {outer})")
    given = {"r": 1.5, "T": 2.0}
    assert evaluate(program, **{name: given[name] for name in program.inputs}) == [pytest.approx(expected, rel=1e-15)]


def test_copies_for_variables_obey_the_limit_of_operations() -> None:
    """Each of these variables has a copy of all that is derived by it."""
    variables = [f"v{i}" for i in range(16)]
    lines = [f"u = {' + '.join(variables)}", *["u = sin(u)*x + u"] * 3000]
    total = " + ".join(f"diff(u, {v})" for v in variables)
    text = "\n".join([*(f"{v} = x + {i}" for i, v in enumerate(variables)), *lines, total])
    with pytest.raises(ExpressionError, match=f"a diff that comes to more than {limits.MAX_OPERATIONS:,} operations"):
        parse(text)
