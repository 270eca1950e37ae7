"""The check of registered functions against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gridgrad_core.differences import estimate, steps
from gridgrad_worker import FunctionError, function
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.registered.derivative_check import check, sample_points
from gridgrad_worker.registered.registry import load

pytestmark = pytest.mark.usefixtures("clean_registry")


def checked(cpu: CpuDevice, subject: Callable[..., Any], **options: Any) -> None:
    function(name="subject", **options)(subject)
    check(load([])["subject"], cpu)


def refusal(cpu: CpuDevice, subject: Callable[..., Any], **options: Any) -> str:
    with pytest.raises(FunctionError) as caught:
        checked(cpu, subject, **options)
    return str(caught.value)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(
    "right",
    [
        lambda x, y: x * y + 2 * x * y**2,
        lambda x, y: torch.exp(-(x**2)) * torch.sin(10 * y),
        lambda x, y: torch.log(x) * torch.sqrt(y),  # not everywhere defined
        lambda x, y: torch.where(x > y, x * y, y**2) + torch.relu(x - 1),  # has kinks
        lambda x, y: torch.floor(x) * y,  # a staircase
        lambda x, y: torch.abs(x) + 1e8 * y,
        lambda x, y: 1e-12 * x / y,
        lambda x, y: x,  # noqa: ARG005 - that it is unused is the point
        lambda x, y: torch.ones_like(y),  # noqa: ARG005 - that it is unused is the point
        lambda x, y: torch.stack([x, y]) @ torch.stack([y, x]),
    ],
)
def test_right_functions_pass(cpu: CpuDevice, right: Callable[..., Tensor], mode: str) -> None:
    checked(cpu, right, mode=mode)


def test_the_bessel_function_that_torch_drops_is_refused_with_the_figures(cpu: CpuDevice) -> None:
    message = refusal(cpu, lambda x: x * torch.special.bessel_j0(x), samples={"x": 0.7})
    assert "'subject' is refused: ∂f/∂x at x=0.7 is 0.881201 by torch but 0.650904 by finite differences" in message
    assert "check=False" in message


def test_it_is_refused_at_drawn_points_too(cpu: CpuDevice) -> None:
    assert "∂f/∂x" in refusal(cpu, lambda x: x * torch.special.bessel_j0(x))


def test_a_wrong_second_partial_is_refused(cpu: CpuDevice) -> None:
    message = refusal(cpu, lambda x: torch.sinc(x), samples={"x": 0.0})
    assert "∂²f/∂x² at x=0 is 0 by torch but -3.28987" in message


class Slightly(torch.autograd.Function):
    """x**3, whose derivative is 1e-5 too large, relative to it."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x**3

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:  # noqa: ARG004 - torch's signature
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        slope: Tensor = gradients[0] * 3 * x**2 * (1 + 1e-5)
        return slope


def slightly(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    result: Tensor = Slightly.apply(y)  # type: ignore[no-untyped-call] # torch has no types there
    return x * y, x + result


def test_a_slightly_wrong_partial_of_a_later_component_is_refused(cpu: CpuDevice) -> None:
    assert "∂v/∂y" in refusal(cpu, slightly, outputs=("u", "v"), mode="reverse")


def test_a_wrong_mixed_partial_is_refused(cpu: CpuDevice) -> None:
    def dropped(x: Tensor, y: Tensor) -> Tensor:
        # its slope by x is right, and said not to depend on y
        return x * y.detach() + torch.relu(y) * 0 + (x.detach() * y - x.detach() * y.detach())

    assert "∂²f/∂x∂y" in refusal(cpu, dropped)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda x: 1.0, "returned float 1.0; return tensors"),  # noqa: ARG005 - that it is unused is the point
        (lambda x: x * torch.ones(2, dtype=x.dtype), "return tensors of no dims"),
        (lambda x: x * torch.tensor(2.0, dtype=torch.float64), "float64; return torch.float32"),
        (lambda x: x * torch.tensor(2.0, dtype=torch.float32), "float32; return torch.float64"),
        (lambda x: x.double().to(torch.float32), "float32; return torch.float64"),
        (lambda x: x if x > 0 else -x, "raised RuntimeError"),
        (lambda x: x.nothing, "raised AttributeError"),
    ],
)
def test_wrong_results_are_refused(cpu: CpuDevice, wrong: Callable[..., Any], message: str) -> None:
    if message == "float32; return torch.float64":  # promoted to float64 under vmap, unless cast at the end
        promoted = wrong

        def wrong(x: Any) -> Any:
            return promoted(x).to(torch.float32)

    assert message in refusal(cpu, wrong)


def test_where_nothing_can_be_compared_it_says_so(cpu: CpuDevice) -> None:
    message = refusal(cpu, lambda x: torch.relu(x), samples={"x": 0.0})
    assert "could not be checked, since at none of 1 sample points do finite differences converge" in message
    assert "samples={'x': [...]}" in message


def test_points_without_an_answer_are_left_out(cpu: CpuDevice) -> None:
    checked(cpu, lambda x: torch.relu(x), samples={"x": [0.0, 1.0]})
    checked(cpu, lambda x: torch.log(x), samples={"x": [-1.0, 0.0, 2.0]})


def test_a_function_defined_far_away_needs_samples(cpu: CpuDevice) -> None:
    def far(x: Tensor) -> Tensor:
        return torch.sqrt(x - 1000)

    assert "could not be checked" in refusal(cpu, far)
    checked(cpu, far, samples={"x": 1200.0})


def test_samples_are_the_authors_or_drawn_by_the_name() -> None:
    function(name="named", samples={"x": [1, 2], "y": 3})(lambda x, y, z=4.0: x)  # noqa: ARG005 - that it is unused is the point
    function(name="drawn")(lambda x, near=300.0: x)  # noqa: ARG005 - that it is unused is the point
    assert sample_points(load([])["named"]).tolist() == [[1, 3, 4], [2, 3, 4]]
    drawn = sample_points(load([])["drawn"])
    assert np.array_equal(drawn, sample_points(load([])["drawn"]))
    assert (drawn[:, 0] < 0).any()
    assert ((drawn[:, 1] >= 150) & (drawn[:, 1] <= 450)).all()


# Differences


@pytest.mark.parametrize(
    ("values", "slopes"),
    [
        (np.exp, np.exp),
        (np.sin, np.cos),
        (lambda x: 1e6 + x**2, lambda x: 2 * x),
        (lambda x: np.sin(30 * x), lambda x: 30 * np.cos(30 * x)),
        (np.tan, lambda x: 1 / np.cos(x) ** 2),
        (np.zeros_like, np.zeros_like),
    ],
)
def test_the_error_bounds_the_distance_from_the_slope(values: Any, slopes: Any) -> None:
    x = np.linspace(-3.01, 4, 57)
    h = steps(x)
    found = estimate(x, values(x + h), values(x - h), values(x))
    assert found.smooth.all()
    assert (np.abs(found.slope - slopes(x)) <= 10 * found.error + 1e-300).all()
    assert (found.error <= 1e-6 * np.maximum(1, np.abs(values(x)))).mean() > 0.9


def test_a_kink_is_seen_though_central_differences_agree_on_a_slope() -> None:
    x = np.array([0.0, 1.0])
    h = steps(x)
    found = estimate(x, np.maximum(x + h, 0), np.maximum(x - h, 0), np.maximum(x, 0))
    assert found.smooth.tolist() == [False, True]


def test_a_staircase_is_flat_though_large_steps_see_a_line() -> None:
    x = np.array([37.5149])
    h = steps(x)
    assert estimate(x, np.floor(x + h), np.floor(x - h), np.floor(x)).slope == 0
