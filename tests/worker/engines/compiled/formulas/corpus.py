"""All formulas, and how several of them become one program."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.job import CompileJob, SeenNumbers
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from tests.worker.engines.compiled.formulas import chemistry, engineering, finance, physics, statistics
from tests.worker.engines.compiled.formulas.formula import Formula

__all__ = ["FIELDS", "FORMULAS", "Written", "direct_of", "grouped", "in_one", "orders"]

FIELDS: dict[str, tuple[Formula, ...]] = {
    "physics": physics.FORMULAS,
    "finance": finance.FORMULAS,
    "chemistry": chemistry.FORMULAS,
    "statistics": statistics.FORMULAS,
    "engineering": engineering.FORMULAS,
}
FORMULAS: tuple[Formula, ...] = tuple(formula for field in FIELDS.values() for formula in field)

Written = tuple[Formula, str]
"""A formula, and one of its spellings."""

_LENGTHS = (7, 9)
_MOST_COMPONENTS = 64


def orders(names: Sequence[str], order: int) -> list[tuple[str, ...]]:
    """The value and all partials to an order."""
    return [each for n in range(order + 1) for each in combinations_with_replacement(names, n)]


def direct_of(job: CompileJob, device: CpuDevice) -> StructuredEngine:
    """The direct tier of a job."""
    return StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, torch.float64, device)


def grouped(written: Sequence[Written], order: int) -> list[list[Written]]:
    """Formulas in groups that a program each has room for, with their partials to an order."""
    groups: list[list[Written]] = [[]]
    room = _MOST_COMPONENTS
    for each in written:
        planes = len(orders(list(each[0].domain), order))
        if planes > room:
            groups.append([])
            room = _MOST_COMPONENTS
        groups[-1].append(each)
        room -= planes
    return groups


def in_one(written: Sequence[Written], order: int, seed: int = 0) -> CompileJob:
    """Formulas with their partials as the components of one program: a library takes seconds, however many there are.

    Inputs have the two dims in turns, so that sums of products are separated.

    Args:
        written: formulas, and which spelling of each.
        order: of the partials.
        seed: draws points of the domains.
    """
    builder = Builder()
    outputs: list[int] = []
    components: list[str] = []
    ranges: dict[str, tuple[float, float]] = {}
    for n, (formula, text) in enumerate(written):
        names = list(formula.domain)
        derived = derive(parse(text, names), orders(names, order))
        moved: list[int] = []
        for node in derived.program.nodes:
            args = tuple(moved[i] for i in node.args)
            name = f"{node.value}_{n}"
            moved.append(builder.input(name) if node.op == "input" else builder.take(node._replace(args=args)))
        outputs += [moved[i] for i in derived.program.outputs]
        components += [f"f{n}_{plane}" for plane in range(len(derived.program.outputs))]
        ranges |= {f"{name}_{n}": bounds for name, bounds in formula.domain.items()}
    used = tuple(str(node.value) for node in builder.nodes if node.op == "input")
    dims = tuple((list(ranges).index(name) % 2,) for name in used)
    draw = np.random.default_rng(seed)
    most = max(_LENGTHS)
    numbers = {name: np.sort(draw.uniform(*bounds, most)) for name, bounds in ranges.items()}
    ndim = max(dims)[0] + 1
    seen = SeenNumbers(
        _LENGTHS[:ndim], tuple(_few(numbers[name], dim) for name, (dim,) in zip(used, dims, strict=True))
    )
    program = Program(tuple(builder.nodes), tuple(outputs), tuple(components), True, used)
    return CompileJob(str(program), used, dims, ndim, ((),), "float64", "cpu", seen)


def _few(numbers: NDArray[np.float64], dim: int) -> tuple[float, ...]:
    return tuple(numbers[: _LENGTHS[dim]].tolist())
