"""Replacements of torch's operations: torch's values, right derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gridgrad_core.errors import RequestError
from gridgrad_worker.registered.exact_operations import ExactOperations

functional = torch.nn.functional
X = torch.tensor([-4.0, -3.0, -0.5, 0.0, 0.5, 3.0, 800.0, -800.0], dtype=torch.float64)


def derivatives(function: Callable[[Tensor], Tensor], x: Tensor, order: int) -> Tensor:
    def exact(x: Tensor) -> Tensor:
        with ExactOperations():
            return function(x)

    for _ in range(order):
        exact = torch.func.jacfwd(exact)
    result: Tensor = torch.func.vmap(exact)(x)
    return result


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: functional.celu(x, 0.3),
        torch.celu,
        torch.nn.CELU(0.3, inplace=True),
        functional.hardsigmoid,
        torch.nn.Hardsigmoid(),
    ],
)
def test_values_and_the_sides_at_ties_are_those_of_torch(operation: Callable[[Tensor], Tensor]) -> None:
    x = X.clone().requires_grad_()
    (slope,) = torch.autograd.grad(operation(x * 1).sum(), x)
    torch.testing.assert_close(derivatives(operation, X, 0), operation(X.clone()), rtol=1e-15, atol=0)
    torch.testing.assert_close(derivatives(operation, X, 1), slope, rtol=1e-6, atol=0)


def test_the_slopes_are_right_in_double_precision() -> None:
    at = torch.tensor([-0.1], dtype=torch.float64)
    right = [-0.08504060682786322, 0.7165313105737893, 2.388437701912631, 7.961459006375436]
    got = [float(derivatives(lambda x: functional.celu(x, 0.3), at, order)[0]) for order in range(4)]
    assert got == pytest.approx(right, rel=1e-15)
    assert float(derivatives(functional.hardsigmoid, at, 1)[0]) == 1 / 6
    assert float(derivatives(functional.hardsigmoid, at, 2)[0]) == 0


def test_layer_norm_is_right_to_order_three() -> None:
    def second(x: Tensor) -> Tensor:
        return functional.layer_norm(torch.stack([x, x**2, 3 * x]), (3,))[1]

    right = [-0.925804228978946, 0.3526329125749855, 0.3026575268376808, 0.2275736285187679]
    at = torch.tensor([0.5], dtype=torch.float64)
    assert [float(derivatives(second, at, order)[0]) for order in range(4)] == pytest.approx(right, rel=1e-12)


def test_layer_norm_has_the_values_of_torch_with_weights_and_dims() -> None:
    random = np.random.default_rng(0)
    x, weight, bias = (torch.from_numpy(random.normal(size=shape)) for shape in [(4, 3, 2), (3, 2), (3, 2)])
    for arguments in [((3, 2),), ((2,),), ((3, 2), weight, bias, 1e-3)]:
        given: tuple[Any, ...] = arguments
        with ExactOperations():
            got = functional.layer_norm(x, *given)
        torch.testing.assert_close(got, functional.layer_norm(x, *given), rtol=1e-13, atol=1e-14)


def test_layer_norm_without_its_python_is_replaced_too() -> None:
    right = [-0.925804228978946, 0.3526329125749855, 0.3026575268376808, 0.2275736285187679]
    at = torch.tensor([0.5], dtype=torch.float64)
    aten = torch.ops.aten
    for norm in (
        lambda x: torch.layer_norm(x, (3,)),
        lambda x: aten.layer_norm.default(x, [3]),
        lambda x: aten.native_layer_norm.default(x, [3], None, None, 1e-5)[0],
    ):
        second = functools.partial(lambda norm, x: norm(torch.stack([x, x**2, 3 * x]))[1], norm)
        assert [float(derivatives(second, at, order)[0]) for order in range(4)] == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("name", ["celu", "hardsigmoid"])
def test_what_is_exported_has_the_same_slopes(name: str) -> None:
    class Model(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = getattr(functional, name)(x)
            return result

    exported = torch.export.export(Model(), (X[2],)).module()
    at = torch.tensor([-0.1, 0.3], dtype=torch.float64)
    for order in range(3):
        assert torch.equal(derivatives(Model(), at, order), derivatives(exported, at, order))


def test_torch_has_its_kernels_of_attention_again_afterwards() -> None:
    fused: Any = torch.backends.cuda
    was_on = fused.flash_sdp_enabled()
    with pytest.raises(ZeroDivisionError), ExactOperations():
        1 // int(fused.flash_sdp_enabled())
    assert fused.flash_sdp_enabled() == was_on


@torch.library.custom_op("gridgrad_tests::cube", mutates_args=())
def cube(x: Tensor) -> Tensor:
    """x³, with nothing that torch could differentiate."""
    return x**3


@cube.register_vmap
def _(info: Any, in_dims: tuple[Any, ...], x: Tensor) -> tuple[Tensor, Any]:  # noqa: ARG001 - torch's signature
    return cube(x), in_dims[0]


def test_a_custom_operation_is_refused_where_torch_would_take_its_derivative_for_0() -> None:
    at = torch.tensor([2.0], dtype=torch.float64)
    assert float(derivatives(lambda x: x * cube(x), at, 0)[0]) == 16
    with pytest.raises(RequestError, match="gridgrad_tests::cube has no derivative here") as caught:
        derivatives(lambda x: x * cube(x), at, 1)
    assert "torch.autograd.Function with generate_vmap_rule and jvp" in caught.value.remedy


def test_in_reverse_mode_it_is_refused_likewise_and_weights_alone_are_no_reason() -> None:
    weight = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)

    def exact(x: Tensor) -> Tensor:
        with ExactOperations():
            result: Tensor = x * cube(x)
        return result

    def of_weight(x: Tensor) -> Tensor:
        with ExactOperations():
            result: Tensor = x * cube(weight)
        return result

    at = torch.tensor([2.0], dtype=torch.float64)
    with pytest.raises(RequestError, match="gridgrad_tests::cube has no derivative here"):
        torch.func.vmap(torch.func.grad(exact))(at)
    assert torch.func.vmap(of_weight)(at).tolist() == [54]


@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_by_its_statistics_is_torchs(affine: bool) -> None:
    torch.manual_seed(1)
    norm = torch.nn.BatchNorm1d(3, affine=affine).double().eval()
    for each in (*norm.parameters(), norm.running_mean, norm.running_var):
        torch.nn.init.uniform_(each, 0.5, 2.0)  # type: ignore[arg-type] # it has statistics
    x = torch.randn(4, 3, dtype=torch.float64)
    with ExactOperations():
        found = norm(x)
    torch.testing.assert_close(found, norm(x), rtol=1e-14, atol=1e-15)
    with pytest.raises(ValueError, match="Expected more than 1 value"), ExactOperations():
        norm.train()(x[:1])
