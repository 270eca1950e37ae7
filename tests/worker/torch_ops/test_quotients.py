"""Quotients that are 0/0 at 0: their ends, and where their ways of being computed meet."""

from __future__ import annotations

import itertools
import math

import mpmath
import pytest
import torch

from gridgrad.checks.mpmath_functions import VALUES as PRECISE
from gridgrad_worker.torch_ops.quotients import VALUES

INF, NAN = math.inf, math.nan
ENDS = {
    "exprel": (0, INF),
    "exprel_derivative": (0, INF),
    "bernoulli": (INF, 0),
    "bernoulli_derivative": (-1, 0),
    "log1prel": (NAN, 0),
    "log1prel_derivative": (NAN, 0),
    "tanhc": (0, 0),
    "tanhc_derivative": (0, 0),
    "langevin": (-1, 1),
    "langevin_derivative": (0, 0),
}
"""At -inf and inf; the first derivatives."""
JOINTS = (-0.4375, 0.8, 1.5, 1.6, 3.0, 4.0)


def called(name: str, *numbers: float) -> list[float]:
    x = torch.tensor(numbers, dtype=torch.float64)
    found: list[float] = (VALUES[name](1, x) if name.endswith("derivative") else VALUES[name](x)).tolist()
    return found


@pytest.mark.parametrize("name", VALUES)
def test_the_ends(name: str) -> None:
    *ends, at_nan = called(name, -INF, INF, NAN)
    assert all(
        got == want or (math.isnan(got) and math.isnan(want)) for got, want in zip(ends, ENDS[name], strict=True)
    )
    assert math.isnan(at_nan)


def test_log1prel_ends_at_minus_one() -> None:
    x = torch.tensor([-1.0, -1.5], dtype=torch.float64)
    for n, want in enumerate((INF, -INF, INF)):
        at_end, beyond = VALUES["log1prel_derivative"](n, x).tolist()
        assert at_end == want
        assert math.isnan(beyond)


@pytest.mark.parametrize("name", [name for name in VALUES if name.endswith("derivative")])
def test_their_ways_of_being_computed_meet(name: str) -> None:
    for joint, n in itertools.product(JOINTS, (1, 2, 4)):
        beside = torch.tensor([joint * (1 - 1e-9), joint * (1 + 1e-9)], dtype=torch.float64)
        with mpmath.workdps(30):
            for x, got in zip(beside.tolist(), VALUES[name](n, beside).tolist(), strict=True):
                want = PRECISE[name](n, mpmath.mpf(x))
                assert abs(got - want) <= 3e-14 * max(abs(want), 0.1), f"{name}({n}, {x})"
