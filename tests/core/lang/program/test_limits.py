"""Large programs work, bombs are refused, and no step of either is long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.parser.parser import parse, parsing
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.program import Program

OPERATIONS = 20_000
LARGE = {
    "a sum": "+".join(["x"] * (OPERATIONS + 1)),
    "a polynomial": "+".join(f"x*y**{i}" for i in range(OPERATIONS)),
    "a chain": "; ".join([f"x = sin(x) + {i}" for i in range(OPERATIONS // 2)] + ["x"]),
    "squares": "; ".join(["x = x*x"] * OPERATIONS + ["x"]),
    "one call": f"max({', '.join(['x', 'y'] * (OPERATIONS // 2))})",
    "comparisons": " < ".join(["x", "y"] * (OPERATIONS // 2)),
    "statements": "\n".join([f"a{i} = x + {i}" for i in range(OPERATIONS // 2)] + [f"a{OPERATIONS // 2 - 1}"]),
    "empty lines": "# a comment\n" * OPERATIONS + "x",
}
BOMBS = {
    "parentheses": "(" * 10**6,
    "calls": "sin(" * 250_000,
    "minus signs": "-" * 10**6 + "x",
    "nots": "not " * 250_000 + "x",
    "powers": "**".join(["x"] * 300_000),
    "conditions": "x if x else " * 80_000 + "x",
    "a tuple": "x," * 500_000,
    "a number": "1" * 10**6,
    "a name": "x" * 10**6,
    "spaces": " " * (limits.MAX_TEXT - 1) + "^",
    "a long text": "x" * (limits.MAX_TEXT + 1),
}


@pytest.mark.parametrize(("case", "text"), LARGE.items(), ids=LARGE.keys())
def test_twenty_thousand_operations_work(case: str, text: str) -> None:
    program = parse(text)
    # The last two are long texts that leave little or nothing to compute
    assert len(program.nodes) >= (OPERATIONS if case not in ("statements", "empty lines") else 1)
    assert len(str(program)) <= limits.MAX_TEXT
    assert parse(str(program)) == program


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(" * 10**6, "line 1, column 500: more than 500 parentheses, signs and conditions inside each other; give"),
        ("-" * 10**6 + "x", "line 1, column 500: more than 500 parentheses"),
        ("**".join(["x"] * 10**5), "more than 500 parentheses, signs and conditions"),
        ("x," * 10**5, "line 1, column 128: more than 64 components; split the tuple into several"),
        ("+".join(f"x{i}" for i in range(529)), "more than 528 inputs; assign what is no input to a name first"),
        ("+".join(map(str, range(60_000))), "more than 100,000 operations; split the function into several requests"),
        ("x" * (2**20 + 1), "a text of 1,048,577 characters; write at most 1,048,576, and send numbers as inputs"),
        (
            f"a = {'x' * 64}; " + "+".join(f"a**{i}" for i in range(20_000)),
            "line 1, column 1: an expression of 1,606,659 characters when it is written out; use shorter names",
        ),
    ],
    ids=["nesting", "signs", "powers", "components", "inputs", "operations", "text", "canonical text"],
)
def test_a_limit_says_what_to_do(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert message in str(caught.value)


def test_just_below_a_limit_is_accepted() -> None:
    depth = limits.MAX_NESTING - 1
    assert parse("(" * depth + "x" + ")" * depth) == parse("x")
    assert parse("**".join(["x"] * limits.MAX_NESTING)).inputs == ("x",)
    assert len(parse(",".join(["x"] * limits.MAX_COMPONENTS)).components) == limits.MAX_COMPONENTS
    assert len(parse("+".join(f"x{i}" for i in range(limits.MAX_INPUTS))).inputs) == limits.MAX_INPUTS
    assert parse(" " * (limits.MAX_TEXT - 1) + "x") == parse("x")


# Steps


def work(text: str) -> Iterator[int]:
    """How many calls, of Python and of C, each step of parsing makes: its length, without a clock."""
    steps = parsing(text)
    while True:
        calls, more = counted(lambda: next(steps, "ended") is None)
        yield calls
        if not more:
            return


def counted(step: Callable[[], bool]) -> tuple[int, bool]:
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        more = step()
    except ExpressionError:
        more = False
    finally:
        sys.setprofile(before)
    return calls, more


DEEP = {
    "nested parentheses": "(" * 490 + "x" + ")" * 490,
    "nested powers": "**".join(["x"] * 490),
    "nested conditions": "x if x else " * 490 + "x",
}

# About a millisecond: a call of Python takes a tenth to half of a microsecond
CALLS_IN_A_STEP = 8000


@pytest.mark.parametrize("case", [*LARGE, *BOMBS])
def test_no_step_is_long(case: str) -> None:
    assert max(work((LARGE | BOMBS)[case])) < CALLS_IN_A_STEP


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_the_step_that_ends_all_nesting_at_once_is_bounded_by_its_depth(text: str) -> None:
    assert max(work(text)) < CALLS_IN_A_STEP + 40 * limits.MAX_NESTING


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_within_few_steps(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)
    assert len(list(work(text))) < 100


def test_the_last_step_leaves_nothing_to_do() -> None:
    steps = parsing("t*k")
    program: Program | None = None
    while program is None:
        try:
            next(steps)
        except StopIteration as stop:
            program = stop.value
    assert {"text", "digest"} <= vars(program).keys()
