"""What is compared with the direct tier before it is trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.job import CompileJob, SeenNumbers
from gridgrad_worker.engines.compiled.verification.verify import VerificationError, verify
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Tile

Wanted = tuple[tuple[int, ...], ...]


class Changed:
    """Computes what the direct tier computes, and then changes it."""

    def __init__(self, direct: StructuredEngine, change: Callable[[Array], None]) -> None:
        self.direct, self.change = direct, change
        self.shapes: list[tuple[int, ...]] = []

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        self.shapes += [tile.subgrid.shape for tile in tiles]
        self.direct.compute(tiles, outs)
        for out in outs:
            self.change(out)


def nothing(_: Array) -> None: ...


def test_what_computes_the_same_passes_on_several_shapes(job: CompileJob, direct: StructuredEngine) -> None:
    same = Changed(direct, nothing)
    verify(job, direct, same.compute)
    assert len(set(same.shapes)) >= 3


def by_rounding(out: Array) -> None:
    out *= 1 + 4 * np.finfo(out.dtype).eps


def test_rounding_is_allowed(job: CompileJob, direct: StructuredEngine) -> None:
    verify(job, direct, Changed(direct, by_rounding).compute)


def one_wrong(out: Array) -> None:
    out[1, -1] += 1e-6 * np.abs(out[1]).max()


def one_nan(out: Array) -> None:
    out[2, 0] = np.nan


def one_infinite(out: Array) -> None:
    out[0, 0] = np.inf


def never_written(out: Array) -> None:
    out[...] = np.nan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            one_wrong,
            r"computes -0\.2441\d+ for d/dx at a=-0\.25, x=\S+, y=\S+, and the .* differ by 0\.000175, and",
        ),
        (one_nan, "computes nan for d/dy at .* rounding does not make one of the other"),
        (one_infinite, "computes inf for the value at"),
        (never_written, "computes nan for the value at"),
    ],
)
def test_one_wrong_number_is_enough(
    job: CompileJob, direct: StructuredEngine, change: Callable[[Array], None], message: str
) -> None:
    with pytest.raises(VerificationError, match=message) as refusal:
        verify(job, direct, Changed(direct, change).compute)
    assert "\n" not in str(refusal.value)  # a process says it as its last line


EACH = ((), (0,), (1,), (0, 1))


def engine(text: str, device: CpuDevice, wanted: Wanted = EACH) -> tuple[CompileJob, StructuredEngine]:
    job = CompileJob(text, ("x", "y"), ((0,), (1,)), 2, wanted, "float64", "cpu")
    return job, StructuredEngine(job.program(), job.inputs, 2, job.wanted, torch.float64, device)


FAULTS = [
    ("x*exp(-y) + y", "x*exp(-y) - y"),
    ("x**2 + y**2 + 1e-9*x", "x**2 + y**2"),
    ("1.602176634*x + sin(y)", "1.602176635*x + sin(y)"),
    ("sin(x)*y", "sin(x)*y*(1 + 1e-12)"),
    ("exp(x - y)", "(1 + 1e-12)*exp(x - y)"),
    ("lgamma(x + 5)*y", "(lgamma(x + 5) + 1e-12)*y"),
    ("(1 - cos(x))/x**2 + y", "(1 - cos(x))/x**2 + y + 1e-9"),
    ("(1 - cos(x))*y", "(1 - (1 + 1e-12)*cos(x))*y"),
    ("where(x > y, x, y)", "where(x > 1.2*y, x, y)"),
    ("floor(x*10) + y", "floor(x*10.5) + y"),
    ("sqrt(x + 2)*y", "sqrt(abs(x + 1.5))*y"),
    ("log(x + y)", "log(x + y) + 0*sqrt(y - 1)"),
    ("x % 0.3 + y", "x % 0.3 + where(x > 30, y - 0.3, y)"),
    ("1/x + y", "1/x + where(x > 30, inf, y)"),
]


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_faults_are_found(right: str, wrong: str, device: CpuDevice) -> None:
    job, direct = engine(right, device)
    _, faulty = engine(wrong, device)
    with pytest.raises(VerificationError):
        verify(job, direct, faulty.compute)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("exp(log(abs(x))) - abs(x) + y", "y + 0*x"),
        ("(x + 1e9) - 1e9 + y", "x + y"),
        ("(1 - cos(x))/x**2 + y", "2*sin(x/2)**2/x**2 + y"),
        ("floor(x/0.1) + y", "floor(x*10) + y"),
        ("where(x*0.1 > y*0.3, 1, 0)", "where(x > y*3, 1, 0)"),
        ("sin(x**3*y**4)", "sin((x*y)**3*y)"),
    ],
)
def test_what_rounding_makes_is_allowed(text: str, other: str, device: CpuDevice) -> None:
    job, direct = engine(text, device, ((),))
    _, same = engine(other, device, ((),))
    verify(job, direct, same.compute)


def test_numbers_of_a_caller_are_looked_at_too(device: CpuDevice) -> None:
    job, direct = engine("x + y", device)
    _, faulty = engine("where(x > 1e6, x - y, x + y)", device)
    verify(job, direct, faulty.compute)
    seen = SeenNumbers((2, 1), ((1.0, 2e6), (5.0,)))
    with pytest.raises(VerificationError, match="at x=2000000, y=5"):
        verify(job._replace(seen=seen), direct, faulty.compute)


def test_below_the_normal_numbers_either_tier_may_flush_or_round_to_a_neighbour(device: CpuDevice) -> None:
    tiny = np.finfo(np.float64).tiny
    seen = SeenNumbers((2, 1), ((720.0, 1.0), (5.0,)))
    job, direct = engine("exp(-x) + where(y > 0, 0, y)", device, ((),))
    changed: list[int] = []

    def by_a_neighbour(out: Array) -> None:
        places = (out != 0) & (np.abs(out) < tiny)
        changed.append(int(places.sum()))
        out[places] += 5e-324

    def by_flushing(out: Array) -> None:
        out[np.abs(out) < tiny] = 0

    def by_more(out: Array) -> None:
        out[np.abs(out) < tiny] += 1e-307

    for change in (by_a_neighbour, by_flushing):
        verify(job._replace(seen=seen), direct, Changed(direct, change).compute)
    assert sum(changed) > 0
    with pytest.raises(VerificationError, match="at x=720, y=5"):
        verify(job._replace(seen=seen), direct, Changed(direct, by_more).compute)


def test_where_nothing_can_be_told_most_points_must_agree(device: CpuDevice) -> None:
    job, direct = engine("1/(x*0.3 - (x*0.1 + x*0.2)) + 0*y", device, ((),))
    _, faulty = engine("2 + 0*x + 0*y", device, ((),))
    verify(job, direct, direct.compute)
    with pytest.raises(VerificationError, match="nothing is known of rounding"):
        verify(job, direct, faulty.compute)


def test_components_and_higher_derivatives_are_named(device: CpuDevice) -> None:
    wanted = ((), (0,), (0, 0, 1))
    job, direct = engine("a = x**2*y; b = x*y; (a, b)", device, wanted)
    _, faulty = engine("a = x**2*y*1.1; b = x*y; (a, b)", device, wanted)
    compared = Changed(direct, nothing)

    def compute(tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        others = [np.empty_like(out) for out in outs]
        faulty.compute(tiles, others)
        compared.compute(tiles, outs)
        for out, other in zip(outs, others, strict=True):
            out[4] = other[4]

    with pytest.raises(VerificationError, match="for d³/dx²dy of a at"):
        verify(job, direct, compute)
