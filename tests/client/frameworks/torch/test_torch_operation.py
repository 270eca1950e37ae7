"""The operation of torch, on a server that counts what it is asked: gradients, transforms, and requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import gridgrad
from tests.client.fake import FakeServer
from tests.client.frameworks.exponential import EXPONENTIAL, asked

pytest.importorskip("torch")

import torch
from torch import Tensor
from torch.autograd import grad
from torch.func import hessian, jacfwd, jacrev, jvp, vmap
from torch.testing import assert_close

from gridgrad.frameworks.torch import evaluate

Function = Callable[..., Any]
BOTH = (0, 1)


def tensor(*values: float, needed: bool = True, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(values, dtype=dtype, requires_grad=needed)


def axes() -> tuple[Tensor, Tensor]:
    return tensor(0.3, 0.5, 0.9), tensor(0.2, 0.8)


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


def summed(function: Function) -> Function:
    return lambda t, k: function(t, k).sum()


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
