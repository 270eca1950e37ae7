"""How operations are called: their values, and that a number's place in a tensor does not show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from gridgrad_worker.engines.structured.execution.kernels import OperationCall, make_call
from gridgrad_worker.engines.structured.planning.plan import Step
from gridgrad_worker.torch_ops.vectors import VECTOR

X, Y = Step("input", (), 1, 0), Step("input", (), 1, 1)


def call_of(
    op: str, *constants: float, host: bool = True, columns: bool = False
) -> tuple[OperationCall, Sequence[Step]]:
    """The call of an operation of x and constants, or of x and y."""
    steps = [X, Y, *(Step("const", (), 0, value) for value in constants)]
    args = (0, *range(2, len(steps))) if constants else (0, 1)
    return make_call(Step(op, args, 1, None), steps, torch.float64, host=host, columns=columns), steps


@pytest.mark.parametrize(("op", "constant", "expected"), [("pow", 2.0, 9.0), ("mul", 0.5, 1.5), ("sub", 1.0, 2.0)])
def test_a_constant_that_torch_takes_as_a_number_is_bound(op: str, constant: float, expected: float) -> None:
    call, _ = call_of(op, constant)
    assert call.bound == (constant,)
    assert call.args == (0,)
    out = torch.empty(1).double()
    call.function(torch.tensor([3.0]).double(), out=out)
    assert out.item() == expected


def test_a_constant_is_rounded_to_the_computing_dtype() -> None:
    steps = [X, Step("const", (), 0, 0.1)]
    assert make_call(Step("mul", (0, 1), 1, None), steps, torch.float32).bound == (float(np.float32(0.1)),)


def test_a_gpu_divides_by_tensors() -> None:
    assert call_of("div", 3.0)[0].args == (0,)
    assert call_of("div", 3.0, host=False)[0].args == (0, 2)


def test_constants_may_stay_columns_but_for_easy_exponents() -> None:
    assert call_of("mul", 0.5, columns=True)[0].args == (0, 2)
    assert call_of("pow", 2.0, columns=True)[0].bound == (2.0,)
    assert call_of("pow", 2.5, columns=True)[0].args == (0, 2)


def test_integer_parameters_are_bound() -> None:
    steps = [X, Step("const", (), 0, 2.0)]
    call = make_call(Step("polygamma", (1, 0), 1, None), steps, torch.float64)
    assert (call.args, call.bound) == ((0,), (2.0,))
    torch.testing.assert_close(
        call.function(torch.tensor([1.0]).double()), torch.tensor([-2.4041138063191885]).double()
    )


@pytest.mark.parametrize(
    ("op", "exact", "boolean"), [("add", True, False), ("lt", True, True), ("exp", False, False), ("isnan", True, True)]
)
def test_which_operations_give_the_same_bits_everywhere(op: str, exact: bool, boolean: bool) -> None:
    steps = [X, Y]
    args = (0,) if op in ("exp", "isnan") else (0, 1)
    call = make_call(Step(op, args, 1, None), steps, torch.float64)
    assert (call.exact, call.boolean) == (exact, boolean)


def test_a_numbers_place_does_not_show_on_whole_vectors() -> None:
    call = make_call(Step("exp", (0,), 1, None), [X], torch.float64)
    values = torch.linspace(-3, 3, 10 * VECTOR).double()
    out = torch.empty_like(values)
    call.function(values, out=out)
    for shift in (VECTOR, 3 * VECTOR):
        moved = torch.empty_like(values)
        call.function(values.roll(shift), out=moved)
        assert torch.equal(moved.roll(-shift), out)
