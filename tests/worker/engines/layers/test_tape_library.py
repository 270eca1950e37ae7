"""The library that runs tapes: a point has the same bits in any company, and mpmath's value."""

from __future__ import annotations

import mpmath
import pytest
import torch
from torch import nn

from gridgrad_worker.engines.layers.network import Network
from gridgrad_worker.engines.layers.tape_library import TapeRunner, tape_runner
from gridgrad_worker.engines.layers.tape_reader import tape_of

from .networks import partials, traced

pytestmark = pytest.mark.processor


@pytest.fixture(scope="module")
def runner() -> TapeRunner:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(2, 23), nn.Tanh(), nn.Linear(23, 17), nn.Sigmoid(), nn.Linear(17, 1)).double()
    graph = traced(lambda x, y: layers(torch.stack([x, y]))[0], 2)
    return tape_runner(tape_of(Network(graph, partials(2, 2), torch.float64), 2, torch.float64), torch.float64)


def test_bits_are_the_same_in_any_company(runner: TapeRunner) -> None:
    x, y = torch.randn(2, 1000, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    whole = torch.stack(list(runner([x, y], 1000)))
    for first, end in ((0, 1), (999, 1000), (63, 130), (5, 700)):
        part = torch.stack(list(runner([x[first:end], y[first:end]], end - first)))
        assert torch.equal(part, whole[:, first:end])
    one = torch.stack(list(runner([x, y[7]], 1000)))
    assert torch.equal(one[:, 7], whole[:, 7])


def test_threads_change_no_bit(runner: TapeRunner) -> None:
    x, y = torch.randn(2, 5000, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    threads = torch.get_num_threads()
    found = []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            found.append(torch.stack(list(runner([x, y], 5000))))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
@pytest.mark.parametrize("dtype", [torch.float64, pytest.param(torch.float32, marks=pytest.mark.long)])
def test_curves_are_right_to_four_units_in_the_last_place(name: str, dtype: torch.dtype) -> None:
    graph = traced(getattr(torch, name), 1, dtype)
    run = tape_runner(tape_of(Network(graph, [()], dtype), 1, dtype), dtype)
    sizes = torch.cat(
        [torch.logspace(-12, 1.2, 150, dtype=dtype), torch.tensor([0.0, 22.0, 90.0, 1e30, torch.inf], dtype=dtype)]
    )
    x = torch.cat([sizes, -sizes])
    (got,) = run([x], len(x))
    right = {"tanh": mpmath.tanh, "sigmoid": lambda u: 1 / (1 + mpmath.exp(-u))}[name]
    with mpmath.workdps(40):
        expected = torch.tensor([float(right(mpmath.mpf(each))) for each in x.tolist()], dtype=torch.float64)
    torch.testing.assert_close(got.double(), expected, rtol=4 * torch.finfo(dtype).eps, atol=torch.finfo(dtype).tiny)
    (nan,) = run([torch.tensor([torch.nan], dtype=dtype)], 1)
    assert nan.isnan().all()
