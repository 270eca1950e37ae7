"""The table of operators, against the grammar and the arithmetic of Python."""

from __future__ import annotations

import ast
import itertools
import operator

import pytest

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.program.operations import (
    ARITHMETIC,
    ATOM,
    COMPARISON,
    COMPARISONS,
    FLOOR,
    INFIXES,
    PREFIXES,
    TERNARY,
)

LEFT_TO_RIGHT = [op for op, (_, power) in INFIXES.items() if power != COMPARISON and op != "pow"]
# Python has one node for any number of the same `and` or `or`: there is nothing to group
PAIRS = [
    (first, second)
    for first, second in itertools.product(LEFT_TO_RIGHT, repeat=2)
    if first != second or first not in ("and", "or")
]


def same(text: str, other: str) -> bool:
    """Whether Python groups both alike."""
    return ast.dump(ast.parse(text)) == ast.dump(ast.parse(other))


def test_every_operator_of_the_table_of_functions_is_written_somehow_and_nothing_else() -> None:
    assert {*PREFIXES, *INFIXES} == {f.name for f in FUNCTIONS.values() if f.group == "operator"}
    assert len({sign for sign, _ in INFIXES.values()}) == len(INFIXES)


@pytest.mark.parametrize(("first", "second"), [*PAIRS])
def test_operators_bind_as_pythons(first: str, second: str) -> None:
    (one, power), (two, other) = INFIXES[first], INFIXES[second]
    left, right = f"(a{one}b){two}c", f"a{one}(b{two}c)"
    assert same(f"a{one}b{two}c", left if power >= other else right)
    assert not same(left, right)
    assert FLOOR < TERNARY < power < ATOM


@pytest.mark.parametrize(("prefix", "infix"), [*[*itertools.product(PREFIXES, INFIXES)]])
def test_what_stands_before_an_operand_binds_as_pythons(prefix: str, infix: str) -> None:
    (sign, power), (between, other) = PREFIXES[prefix], INFIXES[infix]
    wider = f"{sign}(a{between}b)"
    narrower = f"({sign}a){between}b"
    assert same(f"{sign}a{between}b", narrower if power > other else wider)


@pytest.mark.parametrize("op", ARITHMETIC)
def test_arithmetic_is_that_of_the_operator(op: str) -> None:
    if op in PREFIXES:
        assert ARITHMETIC[op](2.5) == -2.5
        return
    by_sign = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow}
    by_sign |= {"//": operator.floordiv, "%": operator.mod}
    for x, y in [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0)]:
        assert ARITHMETIC[op](x, y) == by_sign[INFIXES[op].sign.strip()](x, y)


def test_comparisons_are_those_of_their_signs() -> None:
    assert set(COMPARISONS) == {op for op, (_, power) in INFIXES.items() if power == COMPARISON}
    found = {op: [COMPARISONS[op](x, y) for x, y in [(1.0, 2.0), (2.0, 2.0), (3.0, 2.0)]] for op in COMPARISONS}
    assert found == {
        "lt": [True, False, False],
        "le": [True, True, False],
        "gt": [False, False, True],
        "ge": [False, True, True],
        "eq": [False, True, False],
        "ne": [True, False, True],
    }
