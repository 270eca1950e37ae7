"""Served functions as operations of torch: against torch's own checkers, torch itself, and closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import grad, gradcheck, gradgradcheck
from torch.func import vmap
from torch.testing import assert_close

import gridgrad
import gridgrad.aio
from gridgrad.frameworks.torch import evaluate

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


# Requests


# torch.func


BOTH = (0, 1)


def test_vmap_keeps_components_first(client: gridgrad.Client) -> None:
    t, k = torch.rand(4, 3, dtype=torch.float64), torch.rand(2, dtype=torch.float64)
    found = vmap(lambda t: evaluate(client, "t*k, t - k", {"t": t, "k": k}))(t)
    assert_close(found, torch.stack([t[..., None] * k, t[..., None] - k], dim=1))


# Refusals


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


# Pull-backs


def test_a_large_grid_is_pulled_back(client: gridgrad.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    pullback, gradient = client.pullback, client.gradient

    def pulled(*arguments: Any, **named: Any) -> gridgrad.Result:
        asked.append(arguments[2])
        return pullback(*arguments, **named)

    def computed(*arguments: Any, **named: Any) -> gridgrad.Result:
        asked.append(named["derivatives"])
        return gradient(*arguments, **named)

    monkeypatch.setattr(client, "pullback", pulled)
    monkeypatch.setattr(client, "gradient", computed)
    t = torch.linspace(0.1, 1, 150, dtype=torch.float64, requires_grad=True)
    k = torch.linspace(0.2, 2, 140, dtype=torch.float64, requires_grad=True)
    value = evaluate(client, SINE, {"k": k, "t": t})
    weights = torch.rand(140, 150, dtype=torch.float64)
    found = grad((value * weights).sum(), (t, k), retain_graph=True)
    expected = grad((sine(t, k).T * weights).sum(), (t, k))
    for ours, theirs in zip(found, expected, strict=True):
        assert_close(ours, theirs)
    assert asked[0] == []
    assert len(asked) == 2
    for ours, theirs in zip(grad(3 * value.sum(), (t, k)), grad(3 * sine(t, k).sum(), (t, k)), strict=True):
        assert_close(ours, theirs)
    dims, numbers = asked[2]
    assert (dims, float(numbers)) == ((), 3.0)


@pytest.mark.long
def test_pull_backs_are_what_torch_s_checkers_expect(client: gridgrad.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridgrad.frameworks.operation._MANY_NUMBERS", 0)
    weights = torch.rand(2, 3, 2, dtype=torch.float64)

    def loss(t: Tensor, k: Tensor, a: Tensor) -> Tensor:
        found = evaluate(client, TUPLE, {"t": t, "k": k, "a": a, "u": (("k", "t"), np.ones((2, 3)))})
        return (found * weights).sum()

    t, k = axes()
    a = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    assert gradcheck(loss, (t, k, a))
    assert gradgradcheck(loss, (t, k, a), check_fwd_over_rev=True)


def test_second_derivatives_are_pull_backs_of_the_tangent(
    client: gridgrad.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridgrad.frameworks.operation._MANY_NUMBERS", 0)
    asked: list[Any] = []
    gradient = client.gradient

    def computed(*arguments: Any, **named: Any) -> gridgrad.Result:
        asked.append(named["derivatives"])
        return gradient(*arguments, **named)

    monkeypatch.setattr(client, "gradient", computed)
    t, k = axes()
    a = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    moves = [torch.rand_like(each) for each in (t, k, a)]

    def product(value: Tensor) -> tuple[Tensor, ...]:
        slopes = grad(value.tanh().sum(), (t, k, a), create_graph=True)
        return grad(slopes, (t, k, a), moves)

    found = product(evaluate(client, "a*sin(t*k) + a**2*t", {"t": t, "k": k, "a": a}))
    expected = product(a * torch.sin(t[:, None] * k) + a**2 * t[:, None])
    for ours, theirs in zip(found, expected, strict=True):
        assert_close(ours, theirs)
    assert asked == [[], []]  # the value, and the tangent: no partials
