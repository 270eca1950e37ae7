"""Calls of registered functions: inputs by name, and results checked."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from gridgrad_core.errors import RequestError
from gridgrad_worker import function
from gridgrad_worker.registered.bind import bind
from gridgrad_worker.registered.registration import Registration
from gridgrad_worker.registered.registry import load

pytestmark = pytest.mark.usefixtures("clean_registry")

FLOAT64 = torch.float64
CPU = torch.device("cpu")


def only() -> Registration:
    (found,) = load([]).values()
    return found


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=FLOAT64)


def test_inputs_go_by_name_and_defaults_fill_in() -> None:
    @function
    def weighted(x: Tensor, y: Tensor, w: Any = 100.0) -> Tensor:
        result: Tensor = x + 10 * y + w
        return result

    call = bind(only(), ["y", "unused", "x"], FLOAT64, CPU)
    assert call(number(1), number(7), number(2)) == (number(112),)
    call = bind(only(), ["w", "x", "y"], FLOAT64, CPU)
    assert call(number(0), number(1), number(2)) == (number(21),)
    with pytest.raises(RequestError, match="'weighted' without its input 'y'; give the inputs x, y"):
        bind(only(), ["x"], FLOAT64, CPU)


def test_inputs_of_keywords_alone_and_of_modules_go_by_name() -> None:
    def powers(x: Tensor, *, n: Any = 3.0, scale: Any) -> Tensor:
        result: Tensor = scale * x**n
        return result

    function(powers)
    assert bind(only(), ["scale", "x"], FLOAT64, CPU)(number(5), number(2)) == (number(40),)
    assert bind(only(), ["n", "scale", "x"], FLOAT64, CPU)(number(2), number(5), number(2)) == (number(20),)


def test_torch_operations_are_exact_inside() -> None:
    function(name="celu")(lambda x: torch.nn.functional.celu(x, 0.3))
    slope = torch.func.jacfwd(lambda x: bind(only(), ["x"], FLOAT64, CPU)(x)[0])
    assert float(slope(number(-0.1))) == pytest.approx(0.7165313105737893, rel=1e-15)


@pytest.mark.parametrize(
    ("result", "outputs", "message"),
    [
        (1.0, None, "returned float 1.0; return tensors"),
        (None, None, "returned NoneType None; return tensors"),
        (torch.ones(3), None, r"a tensor of shape \(3,\) and torch.float32; return tensors of no dims"),
        (torch.ones(()), None, "torch.float32; return torch.float64, as its inputs are"),
        ((number(1),), None, "returned a tuple of 1; return tensors"),
        (number(1), ("u", "v"), "return a tuple of 2 tensors"),
        ((number(1),), ("u", "v"), "a tuple of 1; return a tuple of 2 tensors"),
        ((number(1), 2.0), ("u", "v"), "returned float 2.0"),
    ],
)
def test_a_result_that_is_not_as_it_must_be(result: Any, outputs: Any, message: str) -> None:
    @function(outputs=outputs)
    def constant(x: Tensor) -> Any:  # noqa: ARG001 - constants need no inputs
        return result

    with pytest.raises(RequestError, match=message) as caught:
        bind(only(), ["x"], FLOAT64, CPU)(number(1))
    assert caught.value.field == "function.registered"
