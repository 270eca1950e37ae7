"""Graphs as programs of the language, and what is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.registered.registration import describe
from gridgrad_worker.tracing.graph import UntraceableError, graph_of
from gridgrad_worker.tracing.program import program_of


def program(function: Callable[..., Any], outputs: Sequence[str] | None = None) -> Program:
    registered = describe(function, "subject", {}, None, outputs, "forward", {}, check=True)
    return program_of(graph_of(registered), [each.name for each in registered.inputs], outputs)


def swirl(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    square = x**2 + y**2
    return -y * torch.exp(-square), x * torch.exp(-square)


def out_of_place(x: Tensor, y: Tensor) -> Tensor:
    """A product of a vector and a matrix, within which torch writes in place."""
    vector = torch.stack([x, y])
    return (vector @ torch.stack([vector, vector.flip(0)])).sum()


def test_a_function_is_the_text_that_one_would_write() -> None:
    assert program(lambda t, k: t * k + 2 * t * k**2) == parse("t*k + t*2*k**2")
    assert program(swirl, ("u", "v")) == parse("s = exp(-(x**2 + y**2)); u = -y*s; v = x*s; (u, v)")
    assert program(lambda beta, gamma: beta * torch.lgamma(gamma)) == parse("beta*lgamma(gamma)")
    assert program(lambda pi, e: pi * e).inputs == ("pi", "e")
    assert program(lambda x: torch.func.grad(torch.tanh)(x)) == parse("t = tanh(x); 1 - t*t")
    assert program(out_of_place) == parse("x*x + y*y + (x*y + y*x)")


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda x: x * x.detach(), r"aten\.detach, which the language has not"),
        (lambda x: x * torch.rand_like(x), r"draws random numbers \(aten\.rand_like\)"),
        (lambda x: x * torch.rand(1).sum(), r"draws random numbers \(aten\.rand\)"),
        (lambda x: x.mul_(2), r"writes in place \(aten\.mul_\)"),
        (lambda x, y: x**2, "does not depend on its input y"),  # noqa: ARG005 - that it is unused is the point
        (lambda x: x * torch.round(x).long(), "converts numbers to torch.int64"),
        (lambda x: torch.special.bessel_j0(x), r"aten\.special_bessel_j0, which the language has not"),
        (lambda x: torch.abs(x * 1j), r"which the language has not|complex"),
        (lambda x: torch.stack([x, -x]).max(0).values, r"calls aten\.max in a way that the language has not"),
        (lambda x: x * ((torch.stack([x, -x]) > 1).sum() & 1), r"calls aten\.bitwise_and in a way"),
        (lambda x: x + torch.where(x > 1e3, 1, 0) / 3, r"calls aten\.div in torch\.float32"),  # no point shows it
        (lambda x: x + (x.float() > 0.1), r"calls aten\._to_copy in torch\.float32"),
        (lambda x: x + (torch.tensor([0.1, 0.2]) * x).sum(), r"calls aten\.mul in torch\.float32"),
        (lambda x: torch.func.grad(torch.nn.functional.logsigmoid)(x), "what an operation gives beside its result"),
        (lambda x: (x * torch.ones(3000, dtype=x.dtype)).sum(), "more than 2,000 operations"),
    ],
)
def test_what_is_no_program_says_why(function: Callable[..., Any], why: str) -> None:
    with pytest.raises(UntraceableError, match=why):
        program(function)


def test_booleans_count_as_torch_has_them() -> None:
    both = parse("x*y + where(where(x > 900, 1, 0) + where(y > 900, 1, 0) != 0, 1, 0)")  # True + True is True
    assert program(lambda x, y: x * y + 1.0 * ((x > 900) + (y > 900))) == both
    assert program(lambda x, y: x * y + torch.stack([x > 900, y > 900]).sum()) == parse(
        "x*y + (where(x > 900, 1, 0) + where(y > 900, 1, 0))"
    )
    assert program(lambda x, y: 1.0 * (x > 0) * y) == parse("where(x > 0, 1, 0)*y")


def test_what_torch_computes_in_single_precision_is_kept_where_it_is_exact() -> None:
    single = float(np.float32(0.1))
    assert program(lambda x: x * torch.where(x > 0, 0.1, 0.0)) == parse(f"x*where(x > 0, {single!r}, 0)")
    assert program(lambda x: x + torch.where(x > 1e3, 3, 0) * 0.5) == parse("x + where(x > 1000, 3, 0)*0.5")
    assert program(lambda x: x * (x > 1e3).float()) == parse("x*where(x > 1000, 1, 0)")
    assert program(lambda x: x / -torch.where(x > 1e3, 1, 0)) == parse("x/(-where(x > 1000, 1, 0) + 0)")  # no -0


def test_names_are_those_of_the_function() -> None:
    found = program(lambda x, y: (x * y, x + y), ("x", "y"))  # what it gives is called as what it takes
    assert (found.inputs, found.components) == (("x", "y"), ("x", "y"))
    with pytest.raises(UntraceableError, match="can't be written as a text"):
        program(lambda x: (x * 2, x + 1), ("the u", "v"))
