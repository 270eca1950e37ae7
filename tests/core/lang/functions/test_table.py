"""The table of functions: complete, closed in itself, and without a name that means two things."""

from __future__ import annotations

from collections import Counter

import pytest

from gridgrad_core.lang.functions.table import DIFF, FUNCTIONS, Function, lookup, rule
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.names import CONSTANTS, KEYWORDS, is_name

TABLE = list(FUNCTIONS.values())
ORDER = 4


def test_names_are_unique_and_free() -> None:
    names = [*FUNCTIONS, *(alias for function in TABLE for alias in function.aliases if alias != function.name)]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    operators = {function.name for function in TABLE if function.group == "operator"}
    assert not (set(names) - operators) & {*KEYWORDS, *CONSTANTS}
    assert all(is_name(name) for name in set(names) - operators)


@pytest.mark.parametrize("function", TABLE, ids=lambda function: function.name)
def test_rows_are_consistent(function: Function) -> None:
    assert len(function.derivatives) == len(function.params) == len(set(function.params))
    assert len(function.kinds) in (0, len(function.params))
    assert function.params[: len(function.integers)] == function.integers
    assert function.formula
    assert function.group
    assert not function.variadic or len(function.params) == 2
    if function.result == "boolean":
        assert set(function.derivatives) == {"0"}


def test_functions_are_called_by_names_and_aliases_and_operators_by_numpys_names() -> None:
    assert lookup("sin") is FUNCTIONS["sin"]
    assert lookup("atan2") is FUNCTIONS["arctan2"]
    assert lookup("power") is lookup("pow") is FUNCTIONS["pow"]
    assert lookup("subtract") is FUNCTIONS["sub"]
    assert lookup("logical_and") is FUNCTIONS["and"]
    assert lookup("diff") is DIFF
    for name in ("sub", "lt", "and", "floordiv", "sine", ""):
        assert lookup(name) is None


@pytest.mark.parametrize("function", TABLE, ids=lambda function: function.name)
def test_rules_use_what_the_language_has(function: Function) -> None:
    integers = (3,) * len(function.integers)
    others = function.params[len(integers) :]
    for position in range(len(integers), len(function.params)):
        program = rule(function.name, position, integers)
        assert set(program.inputs) <= set(others)
        assert not program.tuple_valued
        assert {node.op for node in program.nodes} <= {*FUNCTIONS, "input", "const"}


def test_rules_are_rules_of_the_integers_given() -> None:
    assert rule("polygamma", 1, (2,)) == parse("polygamma(3, x)")
    assert rule("sinc_derivative", 1, (0,)) == parse("sinc_derivative(1, x)")
    assert rule("fmax", 0) == parse("where(isnan(y), 1, where(x > y, 1, where(x == y, 0.5, 0)))")


def test_rules_are_parsed_once() -> None:
    assert rule("logaddexp", 1) is rule("logaddexp", 1)


@pytest.mark.parametrize("function", TABLE, ids=lambda function: function.name)
def test_rules_have_rules_to_the_highest_order(function: Function) -> None:
    reached = {(function.name, (0,) * len(function.integers))}
    for _ in range(ORDER):
        reached |= {called for name, integers in reached for called in calls_in_rules(name, integers)}
    assert all(name in FUNCTIONS for name, _ in reached)


def calls_in_rules(name: str, integers: tuple[int, ...]) -> set[tuple[str, tuple[int, ...]]]:
    """The functions that the rules of a function call, with their integers."""
    found = set()
    for position in range(len(integers), len(FUNCTIONS[name].params)):
        program = rule(name, position, integers)
        for node in program.nodes:
            if node.args:
                known = [program.nodes[i].value for i in node.args[: len(FUNCTIONS[node.op].integers)]]
                found.add((node.op, tuple(int(value or 0) for value in known)))
    return found
