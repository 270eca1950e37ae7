"""Served functions as operations of torch: against torch's own checkers, torch itself, and closed forms."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import grad, gradcheck, gradgradcheck
from torch.func import hessian, jacfwd, jacrev, jvp, vmap
from torch.testing import assert_close

import gridgrad
import gridgrad.aio
from gridgrad.frameworks.torch import evaluate
from tests.client.fake import FakeServer
from tests.service.frameworks.exponential import EXPONENTIAL, asked

Function = Callable[..., Any]

TUPLE = "sin(t*k)*a**2 + exp(u*k)*t*u, t*k*a*u"
SINE = "t*sin(t*k)"


def tensor(*values: float, needed: bool = True, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(values, dtype=dtype, requires_grad=needed)


def axes() -> tuple[Tensor, Tensor]:
    return tensor(0.3, 0.5, 0.9), tensor(0.2, 0.8)


def sine(t: Tensor, k: Tensor) -> Tensor:
    """What SINE is, computed by torch."""
    return t[:, None] * torch.sin(t[:, None] * k)


# Values


def test_it_is_what_the_client_computes(client: gridgrad.Client) -> None:
    t, k = axes()
    value = evaluate(client, TUPLE, {"t": t, "k": k, "a": 1.5, "u": (("k", "t"), np.ones((2, 3)))})
    same = client.gradient(TUPLE, {"t": t.tolist(), "k": k.tolist(), "a": 1.5, "u": (("k", "t"), np.ones((2, 3)))})
    assert value.shape == (2, 3, 2)
    np.testing.assert_array_equal(value.detach().numpy(), same.value)


def test_without_tensors_it_is_a_constant(client: gridgrad.Client) -> None:
    value = evaluate(client, "t + a", {"t": gridgrad.linspace(0, 1, 3), "a": 1})
    assert_close(value, torch.tensor([1.0, 1.5, 2.0], dtype=torch.float64))
    assert not value.requires_grad


@pytest.mark.parametrize(
    ("inputs", "dtype", "expected"),
    [
        ({"t": tensor(1.0, dtype=torch.float32), "a": 2.0}, None, torch.float32),
        ({"t": tensor(1.0, dtype=torch.float32), "a": np.ones(1)}, None, torch.float64),
        ({"t": tensor(1.0, dtype=torch.float32)[0], "a": 2.0}, None, torch.float32),
        ({"t": tensor(1.0)[0], "a": tensor(1.0, dtype=torch.float32)[0]}, None, torch.float64),
        ({"t": tensor(1.0)[0], "a": tensor(1.0, dtype=torch.float32)}, None, torch.float32),
        ({"t": tensor(1.0, dtype=torch.bfloat16), "a": 2.0}, None, torch.float32),
        ({"t": tensor(1.0, dtype=torch.float16), "a": 2.0}, None, torch.float32),
        ({"t": tensor(1.0, dtype=torch.float32), "a": torch.ones(1, dtype=torch.int32)}, None, torch.float64),
        ({"t": tensor(1.0), "a": 2.0}, torch.float32, torch.float32),
        ({"t": tensor(1.0, dtype=torch.float32), "a": 2.0}, "float64", torch.float64),
    ],
)
def test_types_are_torchs_and_gradients_have_those_of_their_tensors(
    client: gridgrad.Client, inputs: dict[str, Any], dtype: Any, expected: torch.dtype
) -> None:
    value = evaluate(client, "t*a", inputs, dtype=dtype)
    assert value.dtype == expected
    (gradient,) = grad(value.sum(), inputs["t"])
    assert gradient.dtype == inputs["t"].dtype
    assert gradient.shape == inputs["t"].shape


# Derivatives


def test_torch_agrees_with_the_first_derivatives(client: gridgrad.Client) -> None:
    t, k = axes()
    a, u = tensor(1.3)[0], torch.linspace(0.1, 0.9, 6, dtype=torch.float64).reshape(2, 3).requires_grad_()

    def function(t: Tensor, k: Tensor, a: Tensor, u: Tensor) -> Tensor:
        return evaluate(client, TUPLE, {"t": t, "k": k, "a": a, "u": (("k", "t"), u)})

    assert gradcheck(function, (t, k, a, u), check_forward_ad=True, check_batched_grad=True)


@pytest.mark.parametrize("order", [1, 2])
def test_torch_agrees_with_the_second_derivatives(client: gridgrad.Client, order: int) -> None:
    t, k = axes()
    k = k.detach().requires_grad_()
    a, u = tensor(1.3)[0].detach().requires_grad_(), torch.linspace(0.1, 0.6, 2, dtype=torch.float64).requires_grad_()

    def function(t: Tensor, k: Tensor, a: Tensor, u: Tensor) -> Tensor:
        return evaluate(client, TUPLE, {"t": t, "k": k, "a": a, "u": ("k", u)}, order=order)

    assert gradgradcheck(function, (t, k, a, u), check_batched_grad=True)


def test_torch_agrees_with_a_registered_function(client: gridgrad.Client) -> None:
    x, y = tensor(0.5, 1.5), tensor(0.7, 1.1, 1.3)
    vortex = gridgrad.registered("vortex")
    assert gradcheck(lambda x, y: evaluate(client, vortex, {"x": x, "y": y}), (x, y))
    assert gradgradcheck(lambda x, y: evaluate(client, vortex, {"x": x, "y": y}), (x, y))


def test_derivatives_reach_order_four_and_say_so_at_five(client: gridgrad.Client) -> None:
    t, k = axes()
    ours, theirs = evaluate(client, SINE, {"t": t, "k": k}), sine(t, k)
    for variable in (t, k, t, k):
        (ours,) = grad(ours.sum(), variable, create_graph=True)
        (theirs,) = grad(theirs.sum(), variable, create_graph=True)
        assert_close(ours, theirs)
    with pytest.raises(gridgrad.RequestError, match="differentiate 4 times at most"):
        grad(ours.sum(), k)


def test_a_gradient_sums_over_the_dims_that_a_tensor_lacks(exponential: gridgrad.Client) -> None:
    t, k, a = tensor(0.1, 0.2), tensor(0.3, 0.4, 0.5), tensor(0.6, 0.7)
    value = evaluate(exponential, EXPONENTIAL, {"t": t, "k": k, "a": ("t", a)})
    weights = torch.arange(6.0, dtype=torch.float64).reshape(2, 3)
    by_t, by_k, by_a = grad(value, (t, k, a), weights)
    expected = weights * torch.exp(2 * t[:, None] + 3 * k + 5 * a[:, None]).detach()
    assert_close(by_t, 2 * expected.sum(1))
    assert_close(by_k, 3 * expected.sum(0))
    assert_close(by_a, 5 * expected.sum(1))


def test_a_tensor_changed_in_place_is_refused_by_torch(exponential: gridgrad.Client) -> None:
    t = tensor(0.1, 0.2)
    moved = t * 1
    value = evaluate(exponential, EXPONENTIAL, {"t": moved}).sum()
    with torch.no_grad():
        moved += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        grad(value, t)


# Requests


def test_without_gradients_only_the_value_is_asked_for(exponential: gridgrad.Client, counted: FakeServer) -> None:
    t, k = axes()
    evaluate(exponential, EXPONENTIAL, {"t": t.detach(), "k": k.detach()})
    with torch.no_grad():
        evaluate(exponential, EXPONENTIAL, {"t": t, "k": k})
    assert asked(counted) == [0, 0]


def test_one_request_serves_value_and_gradient(exponential: gridgrad.Client, counted: FakeServer) -> None:
    t, k = axes()
    value = evaluate(exponential, EXPONENTIAL, {"t": t, "k": k, "a": 0.0}).sum()
    grad(value, t, retain_graph=True)
    grad(value, (t, k))
    assert asked(counted) == [2]


def test_each_further_order_takes_one_request(exponential: gridgrad.Client, counted: FakeServer) -> None:
    t, k = axes()
    value = evaluate(exponential, EXPONENTIAL, {"t": t, "k": k})
    first = grad(value.sum(), (t, k), create_graph=True)
    assert asked(counted) == [2]
    second = grad(torch.cat(first).sum(), (t, k), create_graph=True)
    assert asked(counted) == [2, 3]
    grad(torch.cat(second).sum(), (t, k))
    assert asked(counted) == [2, 3, 4]


def test_higher_orders_can_come_at_once(exponential: gridgrad.Client, counted: FakeServer) -> None:
    t, k = axes()
    value = evaluate(exponential, EXPONENTIAL, {"t": t, "k": k}, order=2)
    first = grad(value.sum(), (t, k), create_graph=True)
    grad(torch.cat(first).sum(), (t, k))
    assert asked(counted) == [5]


def test_threads_that_differentiate_one_graph_ask_once(exponential: gridgrad.Client, counted: FakeServer) -> None:
    t, k = axes()
    value = evaluate(exponential, EXPONENTIAL, {"t": t, "k": k})
    first = grad(value.sum(), t, create_graph=True)[0].sum()
    found: list[Tensor] = []
    threads = [threading.Thread(target=lambda: found.append(grad(first, t, retain_graph=True)[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(torch.equal(each, found[0]) for each in found)
    assert asked(counted) == [2, 3]


# torch.func


def summed(function: Function) -> Function:
    return lambda t, k: function(t, k).sum()


BOTH = (0, 1)
TRANSFORMS: dict[str, tuple[Callable[[Function], Function], list[int]]] = {
    "grad": (lambda f: torch.func.grad(summed(f), BOTH), [2]),
    "jacrev": (lambda f: jacrev(f, BOTH), [2]),
    "jacfwd": (lambda f: jacfwd(f, BOTH), [0, 2]),
    "jvp": (lambda f: lambda t, k: jvp(f, (t, k), (t, k)), [0, 2]),
    "hessian": (lambda f: hessian(summed(f), BOTH), [2, 3]),
    "jacrev of jacrev": (lambda f: jacrev(jacrev(summed(f), BOTH), BOTH), [2, 3]),
    "jacrev of jacfwd": (lambda f: jacrev(jacfwd(summed(f), BOTH), BOTH), [0, 2, 3]),
}
MAPPED: dict[str, tuple[Callable[[Function], Function], list[int]]] = {
    "vmap": (lambda f: vmap(f, (0, 1)), [0]),
    "vmap to another place": (lambda f: vmap(f, (0, 1), 1), [0]),
    "vmap over one": (lambda f: lambda t, k: vmap(f, (0, None))(t, k[:, 0]), [0]),
    "vmap of vmap": (lambda f: vmap(vmap(f, (0, None)), (None, 1)), [0]),
    "vmap of grad": (lambda f: vmap(torch.func.grad(summed(f), BOTH), (0, 1)), [2]),
    "vmap of hessian": (lambda f: vmap(hessian(summed(f), BOTH), (0, 1)), [2, 3]),
    "grad of vmap": (lambda f: torch.func.grad(summed(vmap(f, (0, 1))), BOTH), [0, 2]),
}


def native(t: Tensor, k: Tensor) -> Tensor:
    return torch.exp(2 * t[:, None] + 3 * k)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_give_what_torch_gives(name: str, exponential: gridgrad.Client, counted: FakeServer) -> None:
    transform, requests = TRANSFORMS[name]
    t, k = (each.detach() for each in axes())
    found = transform(lambda t, k: evaluate(exponential, EXPONENTIAL, {"t": t, "k": k}))(t, k)
    assert_close(found, transform(native)(t, k))
    assert asked(counted) == requests


@pytest.mark.parametrize("name", MAPPED)
def test_what_vmap_maps_over_is_one_request(name: str, exponential: gridgrad.Client, counted: FakeServer) -> None:
    transform, requests = MAPPED[name]
    t, k = torch.rand(4, 3, dtype=torch.float64), torch.rand(2, 4, dtype=torch.float64)
    found = transform(lambda t, k: evaluate(exponential, EXPONENTIAL, {"t": t, "k": k}))(t, k)
    assert_close(found, transform(native)(t, k))
    assert asked(counted) == requests


def test_vmap_adds_a_dim_of_a_name_of_its_own(exponential: gridgrad.Client) -> None:
    t, k = torch.rand(4, 3, dtype=torch.float64), torch.rand(2, dtype=torch.float64)
    found = vmap(lambda t: evaluate(exponential, EXPONENTIAL, {"t": ("batch_0", t), "k": ("batch_1", k)}))(t)
    assert_close(found, torch.exp(2 * t[..., None] + 3 * k))


def test_vmap_keeps_components_first(client: gridgrad.Client) -> None:
    t, k = torch.rand(4, 3, dtype=torch.float64), torch.rand(2, dtype=torch.float64)
    found = vmap(lambda t: evaluate(client, "t*k, t - k", {"t": t, "k": k}))(t)
    assert_close(found, torch.stack([t[..., None] * k, t[..., None] - k], dim=1))


def test_forward_mode_inside_forward_mode_is_refused(exponential: gridgrad.Client) -> None:
    t = tensor(0.1, 0.2, needed=False)
    with pytest.raises(gridgrad.RequestError, match=r"jacrev for jacfwd"):
        jacfwd(jacfwd(lambda t: evaluate(exponential, EXPONENTIAL, {"t": t})))(t)


@pytest.mark.filterwarnings(
    "ignore:The .grad attribute of a Tensor that is not a leaf"
)  # torch's own, where a graph breaks
def test_compiled_code_calls_it_as_it_is(exponential: gridgrad.Client) -> None:
    t, k = axes()
    compiled = torch.compile(
        lambda t, k: 2 * evaluate(exponential, EXPONENTIAL, {"t": t, "k": k}) + 1,
        backend="eager",  # needs no compiler of C++
    )
    value = compiled(t, k)
    assert_close(value, 2 * native(t, k) + 1)
    assert_close(grad(value.sum(), t), grad(2 * native(t, k).sum(), t))


# Refusals


def test_what_cannot_be_meant_is_refused(exponential: gridgrad.Client) -> None:
    t = tensor(0.1, 0.2)
    with pytest.raises(gridgrad.RequestError, match="whole number from 0 to 4"):
        evaluate(exponential, EXPONENTIAL, {"t": t}, order=5)
    with pytest.raises(gridgrad.RequestError, match=r"without the names of its dims"):
        evaluate(exponential, EXPONENTIAL, {"t": t.reshape(1, 2)})
    with pytest.raises(gridgrad.RequestError, match=r"2 dims \['i', 'j'\] for an array of shape \[2\]"):
        evaluate(exponential, EXPONENTIAL, {"t": (("i", "j"), t)})
    with pytest.raises(gridgrad.RequestError, match="'t' on cpu and 'k' on meta"):
        evaluate(exponential, EXPONENTIAL, {"t": t, "k": torch.empty(2, device="meta")})
    with pytest.raises(gridgrad.RequestError, match="complex64 values; give real and imaginary parts"):
        evaluate(exponential, EXPONENTIAL, {"t": t.to(torch.complex64)})
    with pytest.raises(gridgrad.RequestError, match=r"give names with their values"):
        evaluate(exponential, EXPONENTIAL, [t])  # type: ignore[arg-type] # what the test is about


async def test_a_client_of_asyncio_is_refused(counted: FakeServer) -> None:
    async with gridgrad.aio.Client(counted.address) as client:
        with pytest.raises(gridgrad.RequestError, match=r"gridgrad\.aio.*give a gridgrad\.Client"):
            evaluate(client, EXPONENTIAL, {"t": 1.0})  # type: ignore[arg-type] # what the test is about


# Devices


@pytest.mark.gpu
def test_tensors_on_a_device_come_back_to_it(client: gridgrad.Client) -> None:
    t, k = (each.detach().cuda().requires_grad_() for each in axes())
    a = tensor(1.3)[0].detach().requires_grad_()
    value = evaluate(client, SINE + "*a", {"t": t, "k": k, "a": a})
    assert value.device == t.device
    gradients = grad(value.sum(), (t, k, a), create_graph=True)
    assert [each.device.type for each in gradients] == ["cuda", "cuda", "cpu"]
    expected = grad((sine(t, k) * a.cuda()).sum(), (t, k, a))
    assert_close(gradients, expected)
    assert gradcheck(lambda t, k: evaluate(client, SINE, {"t": t, "k": k}), (t, k))
