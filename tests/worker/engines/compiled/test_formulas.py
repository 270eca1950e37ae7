"""Published formulas: both spellings are the same function, all of them compile, and faults in them are found."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.build import build, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.verification.error_bounds import error_bounds
from gridgrad_worker.engines.compiled.verification.samples import points_of, sample_tiles
from gridgrad_worker.engines.compiled.verification.verify import VerificationError, computed, verify
from gridgrad_worker.native.toolchain import compiler_version
from tests.seeds import VARIABLE, examples, seed
from tests.worker.engines.compiled.formulas.corpus import FIELDS, FORMULAS, Written, direct_of, grouped, in_one
from tests.worker.engines.compiled.formulas.formula import Formula

pytestmark = [pytest.mark.random, pytest.mark.timeout(1500)]

SEED = seed(5)
EACH: list[Written] = [(each, text) for each in FORMULAS for text in (each.text, each.other)]
FOUND = 0.9
"""The share of drawn faults that must be found; others change nothing at any point, or less than rounding does."""


def drawn(several: list[Written], count: int) -> list[Written]:
    """Some, and all in `make test-long`."""
    count = len(several) if VARIABLE in os.environ else count
    return random.Random(SEED).sample(several, count)  # noqa: S311 - no secret


def test_there_are_enough_of_each_field() -> None:
    assert len(FORMULAS) >= 200
    assert all(len(formulas) >= 20 for formulas in FIELDS.values())
    assert len({each.name for each in FORMULAS}) == len(FORMULAS)
    assert all(each.source and each.text != each.other for each in FORMULAS)


def test_both_spellings_are_the_same_function(device: CpuDevice) -> None:
    for formula, _ in drawn([(each, each.text) for each in FORMULAS], 22):
        results = []
        for text in (formula.text, formula.other):
            job = in_one([(formula, text)], 1)
            direct = direct_of(job, device)
            tiles = sample_tiles(job)[-1:]
            order = [f"{name}_0" for name in formula.domain]
            points = points_of(tiles)
            at = points[[job.names.index(name) for name in order]]
            results.append((at, computed(direct, direct.compute, tiles, job.dtype),
                            error_bounds(direct.plain_plan, points, job.torch_dtype)))  # fmt: skip
        (at, values, bounds), (same, others, other_bounds) = results
        np.testing.assert_array_equal(at, same)
        near = np.abs(values - others) <= 4 * (bounds + other_bounds)
        assert near.all(), f"{formula.name}: {values[~near][:3]} and {others[~near][:3]}"


@pytest.mark.processor
@pytest.mark.skipif(compiler_version() is None, reason="there is no C++ compiler")
def test_all_of_them_compile(device: CpuDevice, tmp_path: Path) -> None:
    compile_all(drawn(EACH, 6), 1, device, tmp_path)


@pytest.mark.skipif(compiler_version() is None, reason="there is no C++ compiler")
def test_second_derivatives_compile(device: CpuDevice, tmp_path: Path) -> None:
    compile_all(drawn(EACH, len(EACH))[: examples(2)], 2, device, tmp_path)


def compile_all(written: list[Written], order: int, device: CpuDevice, directory: Path) -> None:
    """Compiles formulas, several together, and has them verified."""
    for n, group in enumerate(grouped(written, order)):
        job = in_one(group, order, SEED)
        direct = direct_of(job, device)
        place = directory / str(n)
        place.mkdir()
        library = build(source_of(job, direct), place)
        modes = {direct.guard is not None, False}
        verify(job, direct, *[engine_of(job, direct, library, separating=mode).compute for mode in modes])


Fault = Callable[[Builder, Node], int | None]
"""Puts a node with a fault into a program that is being built; None if that node can't have it."""


def wrong_sign(builder: Builder, node: Node) -> int | None:
    return builder.op({"add": "sub", "sub": "add"}[node.op], *node.args) if node.op in ("add", "sub") else None


def lost_term(builder: Builder, node: Node) -> int | None:
    if node.op not in ("add", "sub"):
        return None
    return builder.op("add", node.args[0], builder.op("mul", builder.const(0), node.args[1]))


def lost_factor(builder: Builder, node: Node) -> int | None:
    if node.op not in ("mul", "div"):
        return None
    return builder.op("mul", node.args[0], builder.op("pow", node.args[1], builder.const(0)))


def wrong_constant(builder: Builder, node: Node) -> int | None:
    if node.op != "const" or not node.number or not np.isfinite(node.number):
        return None
    return builder.const(node.number * (1 + 1e-9))


def wrong_digits(builder: Builder, node: Node) -> int | None:
    if FUNCTIONS.get(node.op, FUNCTIONS["add"]).group == "operator" or FUNCTIONS[node.op].result == "boolean":
        return None
    return builder.op("mul", builder.const(1 + 1e-12), builder.op(node.op, *node.args))


FAULTS: list[Fault] = [wrong_sign, lost_term, lost_factor, wrong_constant, wrong_digits]


def with_fault(program: Program, fault: Fault, draw: random.Random) -> Program | None:
    """A program with a fault in one of its nodes; None if none of them can have it."""
    places = [n for n, node in enumerate(program.nodes) if fault(Builder(), node) is not None]
    if not places:
        return None
    place = draw.choice(places)
    builder = Builder()
    moved: list[int] = []
    for n, node in enumerate(program.nodes):
        here = node._replace(args=tuple(moved[i] for i in node.args))
        put = fault(builder, here) if n == place else None
        moved.append(builder.take(here) if put is None else put)
    outputs = tuple(moved[i] for i in program.outputs)
    return Program(tuple(builder.nodes), outputs, program.components, program.tuple_valued, program.inputs)


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_in_them_are_found(fault: Fault, device: CpuDevice) -> None:
    draw = random.Random(SEED)  # noqa: S311 - no secret
    found: list[bool] = []
    for formula, text in drawn(EACH, 16):
        job, wrong = alone(formula, text), with_fault(parse(text, list(formula.domain)), fault, draw)
        if wrong is None:
            continue
        direct, faulty = (direct_of(each, device) for each in (job, job._replace(text=str(wrong))))
        try:
            verify(job, direct, faulty.compute)
        except VerificationError:
            found.append(True)
        else:
            found.append(False)
    assert len(found) > 5
    assert np.mean(found) >= FOUND, f"{sum(found)} of {len(found)}"


def alone(formula: Formula, text: str) -> CompileJob:
    """The value of a formula, where its numbers are drawn from its domain."""
    job = in_one([(formula, text)], 0, SEED)
    names = tuple(name.removesuffix("_0") for name in job.names)
    return job._replace(text=str(parse(text, list(formula.domain))), names=names)
