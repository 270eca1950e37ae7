"""Whether the inputs and derivatives of a request fit its function."""

from __future__ import annotations

import itertools

import pytest

from gridgrad_core.errors import RequestError, TooLargeError
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.programs import ParsedText
from gridgrad_server.requests.signature import (
    Signature,
    check_inputs,
    distinct_derivatives,
    signature_of_program,
    signature_of_registered,
)

FIELD = Signature(frozenset({"x", "nu"}), frozenset({"nu"}), ("u", "v"), True)
X, NU = ("x", ("x",)), ("nu", ())


def test_a_program_takes_what_its_text_names() -> None:
    assert signature_of_program(ParsedText.of(parse("t*k + 1"))) == Signature(
        frozenset({"t", "k"}), frozenset(), ("f",), False
    )


def test_an_input_that_the_text_assigns_is_refused_though_it_is_an_axis() -> None:
    signature = signature_of_program(ParsedText.of(parse("y = 3; x*y")))
    with pytest.raises(RequestError, match="'y', which the function assigns itself"):
        check_inputs(signature, (X, ("y", ("y",))))
    check_inputs(signature, (X,))


@pytest.mark.parametrize("text", ["x = x + 1; x*2", "nu = nu\nx*nu", "v1 = 2*x; v1*v1"])
def test_an_input_that_is_read_before_it_is_assigned_has_its_effect(text: str) -> None:
    check_inputs(signature_of_program(ParsedText.of(parse(text))), (X, *[NU] * ("nu" in text), ("v1", ("v1",))))


def test_inputs_with_defaults_are_optional() -> None:
    inputs = [wpb.FunctionInput(name="x"), wpb.FunctionInput(name="nu", default=0.0)]
    function = wpb.RegisteredFunction(name="field", inputs=inputs, components=["u", "v"], tuple_valued=True)
    assert signature_of_registered(function) == FIELD


def test_units_are_those_of_inputs_and_components_and_never_of_both() -> None:
    inputs = [wpb.FunctionInput(name=name, unit=unit) for name, unit in (("x", "m"), ("nu", ""), ("u", "s"))]
    field = wpb.RegisteredFunction(inputs=inputs, components=["u", "v"], component_units=["", "m/s"])
    assert signature_of_registered(field).units == (("x", "m"), ("v", "m/s"))
    assert signature_of_program(ParsedText.of(parse("x*nu"))).units == ()


def test_optional_inputs_may_be_given_or_not() -> None:
    check_inputs(FIELD, (X,))
    check_inputs(FIELD, (X, NU))


@pytest.mark.parametrize(
    ("inputs", "field", "said"),
    [
        ((NU,), "inputs", "no 'x' among the inputs nu"),
        ((), "inputs", "no 'x' among the inputs (none)"),
        ((X, ("y", ("x",))), "inputs[1].name", "'y', which the function does not use"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    inputs: tuple[tuple[str, tuple[str, ...]], ...], field: str, said: str
) -> None:
    with pytest.raises(RequestError) as refused:
        check_inputs(FIELD, inputs)
    assert refused.value.field == field
    assert said in refused.value.found


def test_numbers_that_are_not_used_may_be_allowed() -> None:
    spare = (X, ("spare", ()))
    with pytest.raises(RequestError, match="'spare', which the function does not use"):
        check_inputs(FIELD, spare)
    check_inputs(FIELD, spare, ignore_unused=True)
    with pytest.raises(RequestError, match="'y', which the function does not use"):
        check_inputs(FIELD, (X, ("y", ("x",))), ignore_unused=True)
    with pytest.raises(RequestError, match="no 'x' among the inputs"):
        check_inputs(FIELD, (NU,), ignore_unused=True)
    with pytest.raises(RequestError, match="'b', which the function assigns itself"):
        check_inputs(signature_of_program(ParsedText.of(parse("b = 3*x; b"))), (X, ("b", ())), ignore_unused=True)


def test_an_axis_may_be_given_that_only_broadcasts() -> None:
    check_inputs(FIELD, (X, ("y", ("y",))))


def test_derivatives_are_sorted_and_each_is_there_once() -> None:
    assert distinct_derivatives([("nu", "x"), ("x", "nu"), ("x",)], (X, NU), FIELD) == (("x", "nu"), ("x",))


def test_a_derivative_needs_its_input() -> None:
    with pytest.raises(RequestError, match="left at its default") as refused:
        distinct_derivatives([("x",), ("nu",)], (X,), FIELD)
    assert refused.value.field == "derivatives[1]"


def test_distinct_derivatives_are_bounded() -> None:
    names = [f"x{i}" for i in range(12)]
    listed = list(itertools.combinations_with_replacement(names, 3))
    signature = Signature(frozenset(names), frozenset(), ("f",), False)
    with pytest.raises(TooLargeError, match="364 derivatives"):
        distinct_derivatives(listed, tuple((name, (name,)) for name in names), signature)
