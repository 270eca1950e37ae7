"""The light meta kernels answer what torch's own answer."""

from __future__ import annotations

import itertools
import operator

import pytest
import torch
from torch.func import jvp

from gridgrad_worker.devices import zero_tangents

DTYPES = (torch.float32, torch.float64, torch.int64, torch.bool)
SHAPES = ((), (3,), (2, 1), (2, 3))


@pytest.mark.parametrize("operation", [operator.add, operator.mul, operator.truediv], ids=lambda op: op.__name__)
def test_shapes_and_dtypes_are_those_of_the_real_kernels(operation) -> None:  # type: ignore[no-untyped-def] # operator's
    zero_tangents.install()
    tensors = [torch.ones(shape, dtype=dtype) for shape in SHAPES for dtype in DTYPES]
    for x, y in itertools.product(tensors, repeat=2):
        expected, got = operation(x, y), operation(x.to("meta"), y.to("meta"))
        assert (got.shape, got.dtype, got.device.type) == (expected.shape, expected.dtype, "meta")


def test_shapes_that_do_not_broadcast_are_refused() -> None:
    zero_tangents.install()
    with pytest.raises(RuntimeError):
        torch.ones(2, device="meta") * torch.ones(3, device="meta")


def test_products_with_an_operand_that_has_no_tangent() -> None:
    zero_tangents.install()
    x, k = torch.tensor([1.0, -2.0]), torch.tensor([[3.0], [5.0]])
    value, tangent = jvp(lambda t: (2 * t - 1) * k / 4 + k, (x,), (torch.ones(2),))[:2]
    assert torch.equal(value, (2 * x - 1) * k / 4 + k)
    assert torch.equal(tangent, (k / 2).expand(2, 2))
