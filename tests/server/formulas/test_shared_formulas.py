"""What a request that names a formula comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridgrad_core.errors import RequestError, StartingError, UnknownFunctionError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.formulas.formula import FormulaInput, NamedFormula
from gridgrad_server.formulas.formula_tables import read_tables
from gridgrad_server.formulas.shared_formulas import SharedFormula, SharedFormulas, TracedExpression, scalar
from tests.server.formulas.asking import asked

X, E = FormulaInput("x", unit="m"), FormulaInput("e", 2.0)


async def formulas() -> SharedFormulas:
    made, parsed = SharedFormulas(is_loaded=False), await Programs().get("e*x", ["e"])
    with pytest.raises(StartingError, match="checks its formulas"):
        made.in_place(asked("twice", "x"))
    made.take({"twice": SharedFormula(NamedFormula("twice", "e*x"), parsed, (X, E))}, {"off": "has no value"})
    return made


async def test_a_name_becomes_the_text_and_what_is_left_out_its_default() -> None:
    made = await formulas()
    resolved = made.in_place(asked("twice", "x"))
    assert resolved.function[:3] == ("expression", "e*x", (("x", ()), ("e", ())))
    assert resolved.inputs == (scalar("x", 1.0), scalar("e", 2.0))
    assert resolved.units == (("x", "m"),)
    assert made.in_place(asked("twice", "x", "e")).inputs == (scalar("x", 1.0), scalar("e", 1.0))
    assert made.text_in_place(asked("twice", "x").function) == resolved.function


async def test_what_is_no_formula_stays_as_it_is_and_what_is_refused_is_said_to_be() -> None:
    made = await formulas()
    for other in (asked("vortex", "x"), asked("twice", "x", kind="expression")):
        assert made.in_place(other) is other
        assert made.text_in_place(other.function) is other.function
    with pytest.raises(RequestError, match="no 'x' among the inputs e"):
        made.in_place(asked("twice", "e"))
    with pytest.raises(UnknownFunctionError, match="'off' is not served: has no value"):
        made.in_place(asked("off", "x"))
    assert (made.loads, [*made.names]) == (1, ["twice"])


async def test_a_formula_has_its_tables_but_for_those_that_a_request_gives() -> None:
    said = {"V": {"x": [0, 1], "values": [0, 1], "method": "linear", "outside": "clamp"}, "n": {"values": [1, 2, 3]}}
    own, other = read_tables(Path(), said), read_tables(Path(), {"V": {"x": [0, 1], "values": [5, 6]}})
    parsed = await Programs().get("sum(n*V(x))", ["x"], tables=tuple(each.table.spec for each in own))
    made, formula = SharedFormulas(), NamedFormula("f", "sum(n*V(x))", tables=own)
    made.take({"f": SharedFormula(formula, parsed, (X,))}, {})
    request = asked("f", "x")
    assert made.in_place(request).function.tables == (own[0].table, own[1].table)
    given = request._replace(function=request.function._replace(tables=(other[0].table,)))
    assert made.in_place(given).function.tables == (other[0].table, own[1].table)
    for name, found in (
        ("V", "a table that f has from its file; .* gridgrad.table"),
        ("n", "an array .*; leave it out$"),
    ):
        with pytest.raises(RequestError, match=rf"inputs\[1\].name: '{name}', {found}"):
            made.in_place(asked("f", "x", name))
    (listed,) = made.messages
    assert [(each.name, each.arguments, [*each.shape], each.method, each.outside) for each in listed.tables] == [
        ("V", 1, [2], "linear", "clamp"), ("n", 0, [3], "array", ""),
    ]  # fmt: skip
    assert [each.digest for each in listed.tables] == [each.table.digest for each in own]


def traced(*, order: int = 2, in_float32: bool = False) -> SharedFormulas:
    inputs = [wpb.FunctionInput(name="x", unit="m"), wpb.FunctionInput(name="e", default=2.0, unit="s")]
    function = wpb.RegisteredFunction(
        name="twice", inputs=inputs, components=["f"], component_units=["m s"], expression="e*x",
        expression_order=order, expression_in_float32=in_float32,
    )  # fmt: skip
    made = SharedFormulas()
    made.traced = {"twice": TracedExpression.of(function)}
    return made


def test_a_traced_function_becomes_its_expression() -> None:
    resolved = traced().in_place(asked("twice", "x"))
    assert resolved.function[:3] == ("expression", "e*x", (("x", ()), ("e", ())))
    assert resolved.inputs == (scalar("x", 1.0), scalar("e", 2.0))
    assert resolved.units == (("x", "m"), ("f", "m s"))
    assert traced().in_place(asked("twice", "x", "e")).units == (("x", "m"), ("e", "s"), ("f", "m s"))


@pytest.mark.parametrize(
    ("dtype", "order", "in_float32", "is_expression"),
    [
        ("float64", 2, False, True),
        ("float64", 3, False, False),
        ("float32", 2, False, False),
        ("float32", 2, True, True),
    ],
)
def test_torch_computes_what_the_expression_does_not(
    dtype: str, order: int, in_float32: bool, is_expression: bool
) -> None:
    request = asked("twice", "x")
    request = request._replace(function=request.function._replace(dtype=dtype, derivatives=(("x",) * order,)))
    resolved = traced(in_float32=in_float32).in_place(request)
    assert (resolved.function.kind == "expression") is is_expression
    assert (resolved is request) is not is_expression
