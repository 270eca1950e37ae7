"""Functions of the language in C++, taken down while torch computes them."""

from __future__ import annotations

import math

import pytest
import torch

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.library.library_table import needs_library
from gridgrad_worker.engines.compiled.codegen.torch_recorder import literal, power, record
from gridgrad_worker.native.errors import CannotCompileError
from gridgrad_worker.torch_ops.table import VALUES


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "Real(0x1.999999999999ap-4)"),
        (-0.0, "Real(-0x0.0p+0)"),
        (math.inf, "UNBOUNDED"),
        (-math.inf, "-UNBOUNDED"),
        (math.nan, "NOT_A_NUMBER"),
    ],
)
def test_numbers_are_written_without_rounding(value: float, text: str) -> None:
    assert literal(value) == text
    if math.isfinite(value):
        assert math.copysign(1, float.fromhex(text[5:-1])) == math.copysign(1, value)
        assert float.fromhex(text[5:-1]) == value


@pytest.mark.parametrize(
    ("exponent", "text"),
    [
        (0.0, "broadcast(Real(1))"),
        (1.0, "x"),
        (2.0, "x * x"),
        (3.0, "x * x * x"),
        (4.0, "(x * x) * (x * x)"),
        (0.5, "sqrt(x)"),
        (-1.0, "1 / x"),
        (-2.0, "1 / (x * x)"),
        (5.0, None),
        (1.5, None),
        (-3.0, None),
    ],
)
def test_easy_powers_are_products_and_roots(exponent: float, text: str | None) -> None:
    assert power("x", exponent) == text


def test_a_function_of_one_operation_is_one_line() -> None:
    assert record("sin", (), torch.float64).lines == ("const Vector t0 = sin(p0);",)
    compared = record("lt", (), torch.float64)
    assert (compared.kinds, compared.kind) == (("Vector", "Vector"), "Mask")
    chosen = record("where", (), torch.float64)
    assert chosen.kinds == ("Mask", "Vector", "Vector")
    assert chosen.lines == ("const Vector t0 = select(p0, p1, p2);",)


def test_lines_follow_each_other_and_end_in_the_result() -> None:
    made = record("softplus", (), torch.float64)
    variables = [line.split()[2] for line in made.lines]
    assert variables == [f"t{n}" for n in range(len(variables))]
    assert made.result == variables[-1]
    assert "log1p" in "".join(made.lines)


def test_integer_parameters_are_part_of_the_function() -> None:
    assert record("polygamma", (1,), torch.float64).lines != record("polygamma", (2,), torch.float64).lines
    assert record("digamma", (), torch.float64).special
    assert not record("exp", (), torch.float64).special


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_function_of_the_language_can_be_taken_down(dtype: torch.dtype) -> None:
    for name, declared in FUNCTIONS.items():
        made = record(name, [2] * len(declared.integers), dtype)
        assert (made.kind == "Mask") == (declared.result == "boolean"), name
        assert len(made.kinds) == len(declared.params) - len(declared.integers), name


def test_an_operation_without_a_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VALUES, "sin", torch.special.bessel_j0)
    with pytest.raises(CannotCompileError, match="bessel_j0 has no form in C\\+\\+"):
        record("sin", (), torch.float64)


@pytest.mark.parametrize("name", [name for name, each in FUNCTIONS.items() if each.group != "table"])
def test_a_function_uses_the_library_where_the_language_says_so(name: str) -> None:
    recorded = record(name, (1,) * len(FUNCTIONS[name].integers), torch.float64)
    assert recorded.library is needs_library(f"{name}(x)")
