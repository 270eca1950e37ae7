"""The comparison of a program with torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.registered.partial_comparison import FindingError
from gridgrad_worker.registered.registration import Registration, describe
from gridgrad_worker.tracing.torch_agreement import agrees_in_float32, by_program, order_of_agreement


def registration(function: Callable[..., Any], order: int = 2, **samples: Any) -> Registration:
    return describe(function, "subject", {}, None, None, "forward", samples, check=True, order=order)


def order_of(cpu: CpuDevice, function: Callable[..., Any], text: str, order: int = 2, **samples: Any) -> int:
    subject = registration(function, order, **samples)
    program = parse(text)
    return order_of_agreement(subject, by_program(subject, program, cpu), cpu, program=program)


@pytest.mark.parametrize(
    ("function", "text", "message"),
    [
        (lambda x: torch.relu(x), "max(x, 0)", "∂f/∂x at x=0 is 0.5 by its program but 0 by torch"),
        (lambda x: x.clamp(0, 2), "clip(x, 0, 2)", "∂f/∂x at x=0 is 0.5 by its program but 1 by torch"),
        (lambda x, y: torch.maximum(x, y) ** 2, "max(x, y)**2", "∂²f/∂x² at x=0, y=0 is 1 by its program but 0.5"),
        (lambda x: x.clamp(max=0.3), "where(x >= 0.3, 0.3, x)", "∂f/∂x at x=0.3 is 0 by its program but 1 by torch"),
        (lambda x: torch.exp(x), "1 + x", "f at x="),
        (lambda x: torch.where(x > 400, x, x * x), "x*x", "f at x=500 is 250000 by its program but 500 by torch"),
    ],
)
def test_what_differs_at_ties_zeros_or_large_numbers_is_refused(
    cpu: CpuDevice, function: Callable[..., Tensor], text: str, message: str
) -> None:
    with pytest.raises(FindingError, match=message.replace("*", r"\*")):
        order_of(cpu, function, text)


def test_the_authors_samples_are_looked_at_too(cpu: CpuDevice) -> None:
    kinked = lambda x: torch.where(x == 0.3, 0 * x, x)  # noqa: E731 - one of several
    assert order_of(cpu, kinked, "x") == 2
    with pytest.raises(FindingError, match=r"f at x=0\.3 is 0\.3 by its program but 0 by torch"):
        order_of(cpu, kinked, "x", x=[0.3, 1.0])


def test_high_orders_are_left_to_torch_where_they_differ(cpu: CpuDevice) -> None:
    third = lambda x: torch.where(x > 1, x * x + 1e-3 * (x - 1) ** 3, x * x)  # noqa: E731 - one of several
    assert order_of(cpu, third, "where(x > 1, x*x + 1e-3*(x - 1)**3, x*x)", 4) == 4


def test_a_limit_may_stand_for_what_torch_has_no_number_for(cpu: CpuDevice) -> None:
    distance = lambda x, y: torch.sqrt(x * x + y * y)  # noqa: E731 - one of several
    assert order_of(cpu, distance, "sqrt(x*x + y*y)") == 2


def test_single_precision_is_compared_too(cpu: CpuDevice) -> None:
    subject = registration(lambda x: torch.tanh(x))
    assert agrees_in_float32(subject, by_program(subject, parse("tanh(x)"), cpu), cpu)
    assert not agrees_in_float32(subject, by_program(subject, parse("1.01*tanh(x)"), cpu), cpu)
