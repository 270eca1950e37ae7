"""The canonical text: readable, of bounded size, and parsed back to an equal program."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.printer import text_of
from gridgrad_core.lang.program.program import Program
from tests.seeds import examples


def assert_comes_back(program: Program) -> None:
    again = parse(str(program), program.inputs)
    assert again == program
    assert (str(again), again.digest, hash(again)) == (str(program), program.digest, hash(program))
    assert program.digest == hashlib.sha256(str(program).encode()).hexdigest()
    # Both were made in steps while parsing; here they are made anew
    anew = Program(program.nodes, program.outputs, program.components, program.tuple_valued, program.inputs)
    assert (anew.text, anew.digest, text_of(program)) == (program.text, program.digest, program.text)


@pytest.mark.parametrize(
    "text",
    [
        "t*k + 2*t*k**2",
        "x - (y - z) - 2*(x + y)/z",
        "x/(y*z)/(x/y)",
        "-x**2 + (-y)**2 + 2**-x - -z",
        "(x**y)**z + x**z**y + x**-x**z",
        "(-2)**x + -2**x",
        "x//y % z + x % (y//z)",
        "where(not x > 0 and y < 1 or z == 0, 1, 2)",
        "where((x > 0 or y > 0) and not (x > 1 and y > 1), x, y)",
        "where(x > where(y > 0, 1, 0), 1, 2)",
        "log(x)/sqrt(y)",
        "maximum(x, y + 1)",
        "0.1 + 1e-30*x + 1e+20 + -0.0",
        "inf*x + nan - -inf",
        "u = x*2\nv = u + 1\nu, v",
        "(x,)",
        "+x, y, x*y",
        "x",
        "2",
    ],
)
def test_a_small_program_reads_as_it_was_written(text: str) -> None:
    assert str(parse(text)) == text
    assert_comes_back(parse(text))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("x*x*(x*x)", "v1 = x*x\nv1*v1"),
        ("v1*v1*(v1*v1) + v2", "v3 = v1*v1\nv3*v3 + v2"),
        ("a<b<c", "where(a < b and b < c, 1, 0)"),
        ("x if c else y", "x = x\nwhere(c != 0, x, y)"),
        ("b = y; x + b", "y = y\nx + y"),
        ("x = x*t; y = x + 1; (x, y)", "v1 = x\nx = v1*t\ny = x + 1\nx, y"),
        ("t = x; x = y; y = t; (x, y)", "x = x\nv1 = y\nv2 = x\nx = v1\ny = v2\nx, y"),
        ("u = x*2; w = u; (u, w)", "u = x*2\nw = u\nu, w"),
        ("u = x*2; (u, u)", "u = x*2\nu, +u"),
        ("u = 2; (u, x)", "u = 2\nu, x"),
        ("y = inf*x; inf = x; (inf, y)", "v1 = inf\ny = v1*x\ninf = x\ninf, y"),
        ("e = x*pi; (e,)", "e = x*3.141592653589793\n(e,)"),
        ("f0 = x + 1; (f0, y)", "x + 1, y"),
        ("f1, x + 1", "f1 = f1\nf1_ = x + 1\nf1, f1_"),
    ],
)
def test_shared_and_named_parts_get_variables(text: str, canonical: str) -> None:
    program = parse(text)
    assert str(program) == canonical
    assert_comes_back(program)


def test_the_text_of_shared_parts_stays_small() -> None:
    program = parse("; ".join(["x = x*x"] * 60 + ["x"]))
    assert len(program.nodes) == 61
    assert len(str(program)) < 60 * 20
    assert_comes_back(program)


@pytest.mark.parametrize("step", ["sin(x)", "x + a", "a - x", "2**x", "-x + a/x", "where(x > 0, a, x)", "not x"])
def test_deep_programs_come_back(step: str) -> None:
    program = parse("; ".join([f"x = {step}"] * 3000 + ["x"]))
    assert max(map(len, str(program).split("\n"))) < 500
    assert_comes_back(program)


def test_names_as_long_as_can_be_come_back() -> None:
    first, second = "a" * 64, "b" * 64
    assert_comes_back(parse(f"{first}*{second} + sin({second})*{first}; ".replace("; ", "")))
    assert_comes_back(parse(f"{second} = {first}*2; {first} = {second}*{first}; ({second}, {first})"))


def test_an_input_called_like_a_constant_comes_back() -> None:
    program = parse("e**x + pi + inf", {"e", "x", "inf"})
    assert str(program) == "e**x + 3.141592653589793 + inf"
    assert_comes_back(program)
    assert program != parse("e**x + pi + inf")


NAMES = st.sampled_from(["x", "y", "u", "v1", "v2", "f0", "f1", "f1_", "e", "pi", "inf", "nan"])
LEAVES = st.one_of(NAMES, st.sampled_from(["0", "2", "0.1", "1e300", "1e-7", "123456789012345678"]))


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "<", "==", " and ", " or "])
    return st.one_of(
        st.tuples(inner, signs, inner).map(lambda parts: f"({parts[0]}){parts[1]}({parts[2]})"),
        st.tuples(inner, signs, inner).map("".join),
        st.tuples(st.sampled_from(["-", "not ", "sin", "isnan", "+"]), inner).map(
            lambda parts: f"({parts[0]}({parts[1]}))"
        ),
        st.tuples(inner, inner, inner).map(lambda parts: "({} if {} else {})".format(*parts)),
        st.tuples(inner, inner, inner).map(lambda parts: "max({}, {}, {})".format(*parts)),
    )


EXPRESSIONS = st.recursive(LEAVES, larger, max_leaves=8)


@st.composite
def programs(draw: st.DrawFn) -> str:
    lines = [f"{draw(NAMES)} = {draw(EXPRESSIONS)}" for _ in range(draw(st.integers(0, 6)))]
    elements = draw(st.lists(st.one_of(NAMES, NAMES, EXPRESSIONS), min_size=1, max_size=4))
    last = f"({', '.join(elements)},)" if draw(st.booleans()) else elements[0]
    return "\n".join([*lines, last])


@given(programs(), st.sets(st.sampled_from(["e", "pi", "inf", "nan", "x"])))
@settings(max_examples=examples(300))
def test_any_program_comes_back(text: str, inputs: set[str]) -> None:
    assert_comes_back(parse(text, inputs))
