"""The rules of the table as programs: read as the language's own parser reads them, and closed in themselves."""

from __future__ import annotations

import itertools
import re

import pytest

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.derive.rules import rule
from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse

TABLE = list(FUNCTIONS.values())
ORDER = 4


@pytest.mark.parametrize(
    "function", [each for each in TABLE if "constant" not in each.kinds], ids=lambda function: function.name
)
def test_rules_are_what_the_parser_of_the_language_reads(function: Function) -> None:
    for integer in (0, 3):
        integers = (integer,) * len(function.integers)
        for position, text in enumerate(function.derivatives):
            for param in function.integers:
                text = re.sub(rf"\b{param}\b", str(integer), text)
            assert rule(function.name, position, integers) == parse(text)


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


@pytest.mark.parametrize("name", ["sinc_derivative", "erfcx_derivative", "log_norm_cdf_derivative", "polygamma"])
def test_rules_end_where_a_function_of_an_order_loses_its_digits(name: str) -> None:
    largest = FUNCTIONS[name].largest
    assert rule(name, 1, (largest - 1,)).nodes
    with pytest.raises(RequestError, match=rf"{name}\({largest}, x\), .*; ask for lower orders: .* to n = {largest}$"):
        rule(name, 1, (largest,))


@pytest.mark.parametrize("function", [each for each in TABLE if each.largest], ids=lambda function: function.name)
def test_rules_near_the_largest_order_are_there_or_refused(function: Function) -> None:
    """Some go up by two orders at once."""
    for below, place in itertools.product(range(3), range(len(function.integers))):
        integers = tuple(function.largest - below if each == place else 0 for each in range(len(function.integers)))
        for position in range(len(integers), len(function.params)):
            try:
                assert rule(function.name, position, integers).nodes
            except RequestError as error:
                assert "ask for lower orders" in error.remedy  # noqa: PT017 - either is right


def test_rules_are_read_once() -> None:
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


@pytest.mark.parametrize("text", ["x if x > 0 else 1", "x.real", "'1'", "sin(x=1)", "x < 1 < 2"])
def test_rules_with_what_their_reader_does_not_know_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FUNCTIONS, "odd", Function("odd", ("x",), "odd", (text,), "odd"))
    with pytest.raises(ValueError, match="can't be written with"):
        rule("odd", 0)


def test_rules_that_call_what_is_no_function_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FUNCTIONS, "odd", Function("odd", ("x",), "odd", ("sine(x)",), "odd"))
    with pytest.raises(ValueError, match="'sine', which is no function"):
        rule("odd", 0)
