"""The check of registered functions against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gridgrad_worker import FunctionError, function
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.registered.derivative_check import check
from gridgrad_worker.registered.registration import Registration
from gridgrad_worker.registered.registry import load

pytestmark = pytest.mark.usefixtures("clean_registry")


def checked(cpu: CpuDevice, subject: Callable[..., Any], **options: Any) -> Registration:
    function(name="subject", **options)(subject)
    return check(load([])["subject"], cpu)


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
        (lambda x: x * torch.tensor(2.0, dtype=torch.float32), "float32; return torch.float64"),
        (lambda x: x.double().to(torch.float32), "float32; return torch.float64"),
        (lambda x: x if x > 0 else -x, "as an if, float() or .item() does; write torch.where for an if"),
        (lambda x: x * float(x), "it looks at the numbers of a tensor"),
        (lambda x: torch.special.gammaincc(torch.ones_like(x), x), "it has not been implemented yet; mend it"),
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
    message = refusal(cpu, lambda x: torch.log(-x), samples={"x": [1.0, 2.0]})
    assert "could not be checked, since at none of 4 sample points do finite differences converge" in message
    assert "samples={'x': [...]}" in message


def test_points_without_an_answer_are_left_out(cpu: CpuDevice) -> None:
    checked(cpu, lambda x: torch.relu(x), samples={"x": [0.0, 1.0]})
    checked(cpu, lambda x: torch.log(x), samples={"x": [-1.0, 0.0, 2.0]})


def test_a_function_defined_far_away_needs_samples(cpu: CpuDevice) -> None:
    def far(x: Tensor) -> Tensor:
        return torch.sqrt(x - 1000)

    assert "could not be checked" in refusal(cpu, far)
    checked(cpu, far, samples={"x": 1200.0})


# Scales


@pytest.mark.parametrize(
    ("right", "samples"),
    [
        (torch.log, [1e-3, 1e-2]),
        (lambda r: 4 * ((3.4e-10 / r) ** 12 - (3.4e-10 / r) ** 6), [3.4e-10, 5e-10]),
        (lambda t: torch.sin(t / 86400), [1.7e9]),
        (lambda x: torch.sin(2 * torch.pi * x / 5e-7), [1e-7, 3e-7, 1.0]),
        (lambda t: torch.exp(-t / 2e-9), [0.0, 1e-9, 3e-9, 1e-8]),
    ],
    ids=["log", "Lennard-Jones", "days", "wavelength", "decay"],
)
def test_small_and_large_scales_are_compared_to_order_four(
    cpu: CpuDevice, right: Callable[..., Tensor], samples: list[float]
) -> None:
    assert checked(cpu, lambda x: right(x), samples={"x": samples}).order == 4


@pytest.mark.filterwarnings("ignore:An output with one or more:UserWarning")  # torch's own, of logsigmoid under vmap
@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")  # torch's own, of mish under vmap
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "gelu", "silu", "logsigmoid", "mish", "softplus", "hardswish"])
def test_functions_that_saturate_are_served_to_order_four(cpu: CpuDevice, name: str) -> None:
    right = getattr(torch.nn.functional, name)
    assert checked(cpu, lambda x: right(x)).order == 4
    assert checked(cpu, lambda x: right(x), samples={"x": [0.5, 0.0, -1.0]}).order == 4


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_attention_is_served(cpu: CpuDevice, mode: str) -> None:
    attention = torch.nn.MultiheadAttention(2, 1, batch_first=True).double().eval()

    def first(x: Tensor) -> Tensor:
        tokens = torch.stack([torch.stack([x, x * x]), torch.stack([x + 1, 2 - x])])[None]
        found, _ = attention(tokens, tokens, tokens, need_weights=False)  # so that torch would take its fused kernel
        result: Tensor = found[0, 0, 0]
        return result

    assert checked(cpu, first, mode=mode, samples={"x": [0.3, -0.7]}, order=3).order == 3


# Single points and orders


def cumprod(t: Tensor) -> Tensor:
    return torch.cumprod(torch.stack([t - 1, t + 1, t + 2]), 0)[-1]


def test_what_torch_loses_at_single_points_is_seen_without_samples(cpu: CpuDevice) -> None:
    assert "∂²f/∂t² at t=1 is 5 by torch but 10 by finite differences" in refusal(cpu, cumprod)
    assert checked(cpu, cumprod, mode="reverse").order == 4


def test_the_centre_of_sinc_is_seen_without_samples(cpu: CpuDevice) -> None:
    assert "∂²f/∂x² at x=0 is 0 by torch but -3.28987" in refusal(cpu, lambda x: torch.sinc(x))


class Cube(torch.autograd.Function):
    """x**3 with a derivative of its own, which is constant to torch."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x**3

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:  # noqa: ARG004 - torch's signature
        ctx.slope = 3 * inputs[0].detach() ** 2

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        result: Tensor = tangent * ctx.slope
        return result


def test_a_second_derivative_that_is_dropped_is_seen_beside_a_sample_where_it_vanishes(cpu: CpuDevice) -> None:
    message = refusal(cpu, lambda x: Cube.apply(x), samples={"x": 0.0})  # type: ignore[no-untyped-call] # torch has no types there
    assert "∂²f/∂x² at x=0.000976562 is 0 by torch but 0.00585938" in message
    served = checked(cpu, lambda x: Cube.apply(x), samples={"x": 0.0}, order=1)  # type: ignore[no-untyped-call] # torch has no types there
    assert served.order == 1


def test_what_is_wrong_from_order_three_on_is_served_below(cpu: CpuDevice) -> None:
    def summed(t: Tensor) -> Tensor:
        return torch.logcumsumexp(torch.stack([t, 2 * t]), 0).sum()

    served = checked(cpu, summed, mode="reverse")
    assert served.order == 2
    assert "∂³f/∂t³" in served.why_no_more
    assert "nan by torch" in served.why_no_more
    assert "∂³f/∂t³" in refusal(cpu, summed, mode="reverse", order=3)
    assert checked(cpu, summed, mode="reverse", order=2).why_no_more == ""


def test_order_limits_what_is_compared(cpu: CpuDevice) -> None:
    def wrong_second(x: Tensor) -> Tensor:
        return torch.sinc(x)

    assert "or order=1 to serve no derivatives of order 2" in refusal(cpu, wrong_second)
    assert checked(cpu, wrong_second, order=1).order == 1


def test_values_alone_are_served_where_no_slope_is_right(cpu: CpuDevice) -> None:
    assert checked(cpu, lambda x: torch.special.bessel_j0(x), order=0).order == 0


# Dtypes


def test_what_takes_doubles_alone_is_served_in_float64(cpu: CpuDevice) -> None:
    linear = torch.nn.Linear(1, 1).double()
    served = checked(cpu, lambda x: linear(x[None])[0])
    assert "on float32 raised RuntimeError" in served.why_no_float32
    assert "float64" in checked(cpu, lambda x: x * torch.tensor(2.0, dtype=torch.float64)).why_no_float32
    assert checked(cpu, lambda x: 2 * x).why_no_float32 == ""


def test_a_module_that_takes_vectors_is_told_how_to_wrap_it(cpu: CpuDevice) -> None:
    message = refusal(cpu, torch.nn.Linear(1, 1).double())
    assert "register such as def subject(input): return model(torch.stack([input]))[0]" in message


def test_a_module_of_single_precision_is_told_its_cure(cpu: CpuDevice) -> None:
    linear = torch.nn.Linear(1, 1)
    assert "its .double() is called" in refusal(cpu, lambda x: linear(x[None])[0])
