"""From tensors to an operation: which device and type its result has, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad
import gridgrad.aio
from gridgrad.testing import FakeClient
from tests.client.fake import FakeServer
from tests.client.frameworks.exponential import EXPONENTIAL

pytest.importorskip("torch")

import torch
from torch import Tensor
from torch.testing import assert_close

from gridgrad.frameworks.torch import evaluate
from gridgrad.frameworks.torch.torch_evaluate import device_of


def tensor(*values: float, needed: bool = True, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(values, dtype=dtype, requires_grad=needed)


def test_values_and_gradients_are_those_of_the_answer() -> None:
    grids = {"t*k": {(): lambda t, k: t * k, "t": lambda t, k: k + 0 * t, "k": lambda t, k: t + 0 * k}}
    t, k = tensor(1.0, 2.0), tensor(3.0, 4.0, 5.0, needed=False)
    with FakeClient(grids) as client:
        value = evaluate(client, "t*k", {"t": t, "k": k})
        assert_close(value, torch.outer(t, k))
        (gradient,) = torch.autograd.grad(value.sum(), t)
    assert_close(gradient, torch.full((2,), 12.0, dtype=torch.float64))
    assert [request.derivatives for request in client.requests] == [[("t",)]]


def test_the_type_is_that_of_the_tensors_unless_it_is_given() -> None:
    t = tensor(1.0, 2.0, needed=False, dtype=torch.float32)
    with FakeClient({}, fill=1.0) as client:
        assert evaluate(client, "t", {"t": t}).dtype == torch.float32
        assert evaluate(client, "t*k", {"t": t, "k": np.ones(2)}).dtype == torch.float64
        assert evaluate(client, "t", {"t": t}, dtype=torch.float64).dtype == torch.float64
        assert evaluate(client, "t", {"t": t.to(torch.bfloat16)}).dtype == torch.float32
    assert [request.dtype for request in client.requests] == ["float32", "float64", "float64", "float32"]


def test_tensors_on_two_devices_are_refused() -> None:
    with pytest.raises(gridgrad.RequestError, match="'t' on cpu and 'k' on meta"):
        device_of({"t": tensor(0.1, 0.2), "k": torch.empty(2, device="meta")})  # which stands for a GPU


def test_what_cannot_be_meant_is_refused(exponential: gridgrad.Client) -> None:
    t = tensor(0.1, 0.2)
    with pytest.raises(gridgrad.RequestError, match="whole number from 0 to 4"):
        evaluate(exponential, EXPONENTIAL, {"t": t}, order=5)
    with pytest.raises(gridgrad.RequestError, match=r"without the names of its dims"):
        evaluate(exponential, EXPONENTIAL, {"t": t.reshape(1, 2)})
    with pytest.raises(gridgrad.RequestError, match=r"2 dims \['i', 'j'\] for an array of shape \[2\]"):
        evaluate(exponential, EXPONENTIAL, {"t": (("i", "j"), t)})
    with pytest.raises(gridgrad.RequestError, match=r"'k'.: a tensor on the device 'meta', which has no numbers"):
        evaluate(exponential, EXPONENTIAL, {"t": t, "k": torch.empty(2, device="meta")})
    with pytest.raises(gridgrad.RequestError, match=r"'t'.: a sparse tensor .*; give all its numbers: x.to_dense\(\)"):
        evaluate(exponential, EXPONENTIAL, {"t": t.detach().to_sparse()})
    with pytest.raises(gridgrad.RequestError, match="complex64 values; give real and imaginary parts"):
        evaluate(exponential, EXPONENTIAL, {"t": t.to(torch.complex64)})
    with pytest.raises(gridgrad.RequestError, match=r"give names with their values"):
        evaluate(exponential, EXPONENTIAL, [t])  # type: ignore[arg-type] # what the test is about


async def test_a_client_of_asyncio_is_refused(counted: FakeServer) -> None:
    async with gridgrad.aio.Client(counted.address) as client:
        with pytest.raises(gridgrad.RequestError, match=r"gridgrad\.aio.*give a gridgrad\.Client"):
            evaluate(client, EXPONENTIAL, {"t": 1.0})  # type: ignore[arg-type] # what the test is about
