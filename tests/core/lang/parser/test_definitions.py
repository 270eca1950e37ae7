from __future__ import annotations

import itertools

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse, parsing
from gridgrad_core.lang.program import limits


@pytest.mark.parametrize(
    ("text", "written_out"),
    [
        ("f(a, b) = a*b + x; f(x, 1) + f(y, 2)", "x*1 + x + (y*2 + x)"),
        ("f(a,\n  b)\t=a*b\nf(x, y)", "x*y"),
        ("f(x) = x**2; f(y) + x", "y**2 + x"),
        ("pi = 3; f(pi) = 2*pi; f(x) + pi", "2*x + 3"),
        ("v = x; f(a) = a*v; v = y; f(2)*v", "2*x*y"),
        ("g(a) = a*2; f(a) = g(a) + g(a + 1); f(x)", "x*2 + (x + 1)*2"),
        ("f(a) = a; f(a) = 2*a; g(a) = f(f(a)); f(a) = 3; g(x)", "2*(2*x)"),
        ("f(a, b) = a; f(x, y) + y", "x + y"),
        ("f(a) = 3; f(x) + x", "3 + x"),
        ("f(a) = y; f(x) + x", "y + x"),
        ("f(a) = -a; f(2) + x", "-2 + x"),
        ("f(n) = n + 1; polygamma(f(1), x)", "polygamma(2, x)"),
        ("f(a) = a > 1; x if f(x) else 2", "x if x > 1 else 2"),
        ("f(a) = a + 1; f(x > 0)", "(x > 0) + 1"),
        ("f = 2; f(a) = a; f*f(x)", "2*x"),
        ("f(a) = diff(a**2*y, a); f(3*x)", "y*(2*(3*x))"),
        ("f(a) = diff(a*y, y); f(y)", "y"),
        ("f(a) = a**3; diff(f(x), x)", "3*x**2"),
        ("f(a) = a == 1\nf(x)", "x == 1"),
    ],
)
def test_a_call_is_what_it_is_written_out(text: str, written_out: str) -> None:
    assert parse(text).text == parse(written_out).text
    assert parse(text) == parse(written_out)
    assert parse(text).digest == parse(written_out).digest


@pytest.mark.parametrize("name", sorted({*(n for f in FUNCTIONS.values() for n in f.aliases), "diff", "piecewise"}))
def test_a_definition_wins_over_a_function_of_the_language(name: str) -> None:
    assert parse(f"{name}(a, b) = a - b; {name}(x, 2*y)") == parse("x - 2*y")


def test_names_count_as_inputs_where_the_result_uses_them() -> None:
    program = parse("f(a) = a*unused + b; g(x) = x + y; g(2)")
    assert program.inputs == ("y",)
    assert program.assigned == frozenset()


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("f(a) = f(a); f(x)", 8, "f in its own definition; write repeated steps out, or choose another name"),
        ("sin(a) = sin(a)**2; sin(x)", 10, "sin in its own definition"),
        ("f(x) + 1; f(a) = a", 1, "'f' is no function"),
        ("f() = 2; f()", 3, "a definition of f without parameters; write f = ..."),
        ("f(a, a) = 2; x", 6, "a second parameter a of f; give each a name of its own"),
        ("f(a b) = 2; x", 5, "'b' in the parameters of f; write names with commas between them, as in f(a, b) = a*b"),
        ("f(a,) = a; f(x)", 5, "')' in the parameters of f"),
        ("f(a, 2) = a; f(x)", 6, "'2' in the parameters of f"),
        ("f(a, if) = a; f(x)", 6, "'if' in the parameters of f"),
        (
            "x = 2; f(a, b) = a",
            8,
            "ends with the definition of f; add a last line with what to compute, such as f(a, b)",
        ),
        ("f(a, b) = a; f(x)", 14, "f takes 2 arguments, not 1; write f(a, b)"),
        ("f(a) = a; f()", 11, "f takes 1 argument, not 0; write f(a)"),
        ("f(a) = (a, a); f(x)", 8, "a tuple in an assignment"),
        ("f(a) = a; f((x, y))", 13, "a tuple inside an expression"),
        ("f(a) = ; f(x)", 8, "the line ends after '='"),
        ("f(a) = a", 1, "the text ends with the definition of f"),
        ("f(a) = a; x; f(x)", 11, "an expression that nothing uses"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert f"line 1, column {column}: " in str(caught.value)
    assert message in str(caught.value)


def test_calls_are_bounded_and_taken_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line would double what is written out; steps are short however much a call comes to."""
    monkeypatch.setattr(limits, "MAX_OPERATIONS", 5_000)
    monkeypatch.setattr(limits, "MAX_DERIVED", 20_000)
    doubling = ["f0(a) = a + 1", *(f"f{n}(a) = f{n - 1}(a)*f{n - 1}(a + {n})" for n in range(1, 30)), "f29(x)"]
    with pytest.raises(ExpressionError, match=r"more than [0-9,]+ operations"):
        parse("; ".join(doubling))
    body = "+".join(f"a*{n}" for n in range(500))
    uncalled, called = (sum(1 for _ in parsing(f"g(a) = {body}; {last}")) for last in ("x", "x + g(x)"))
    assert called - uncalled >= 3 * (1000 // limits.STEP_NODES)
    again = "; ".join(["g(a) = " + body, *("v = g(x)" for _ in range(30)), "v"])
    with pytest.raises(
        ExpressionError, match=f"more than {limits.MAX_DERIVED:,} operations; assign what is called again"
    ):
        parse(again)


def test_many_definitions_of_few_operations_each_are_read() -> None:
    lines = (f"f{n}(a) = f{n - 1}(a)*1.5 + {n}" for n in itertools.count(1))
    text = "; ".join(["f0(a) = a", *itertools.islice(lines, 60), "f60(x)"])
    assert len(parse(text).nodes) < 200
