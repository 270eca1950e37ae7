"""What levels keep of sums over arrays, and which of them run in one loop."""

from __future__ import annotations

import subprocess
from pathlib import Path

import torch

from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.compiled.codegen.array_terms import ArrayTerms
from gridgrad_worker.engines.compiled.codegen.build import INCLUDED, source_of
from gridgrad_worker.engines.compiled.codegen.cpp_functions import CppFunctions, TableReader
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.codegen.row_layout import lay_out
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.toolchain import compiler_flags, find_compiler

ARRAYS = tuple(TableSpec(name, 0, 0, "") for name in "nmd")
DIMS = {"x": (0,), "y": (1,), "p": ()}


def terms_of(text: str, wanted: tuple[tuple[int, ...], ...] = ((),)) -> tuple[ArrayTerms, StructuredEngine]:
    program = parse(text, list(DIMS), ARRAYS)
    engine = StructuredEngine(program, DIMS, 2, wanted, torch.float64, open_device("cpu", 1))
    return ArrayTerms(engine.plan, CppFunctions(torch.float64, tables=TableReader(ARRAYS, 3))), engine


def grid(engine: StructuredEngine) -> tuple[int, ...]:
    return engine.plan.levels[-1].steps


def test_a_level_keeps_what_depends_on_its_dims_alone() -> None:
    terms, engine = terms_of("sum(n*x**d*y**m) + sum(exp(-n*x)*y**m*p)")
    assert {mask: len(kept) for mask, kept in terms.kept.items()} == {1: 2, 2: 2}
    assert terms.rows(2, 3) == "3 + inputs[5].count + inputs[5].count"
    assert [level.mask for level in lay_out(engine.plan, None, terms)] == [0, 1, 2]


def test_sums_that_are_brought_together_by_the_same_arrays_run_in_one_loop() -> None:
    terms, engine = terms_of("sum(n*x**d*y**d), sum(x**d*y**n), sum(cos(m*x)*y**m)", ((), (0,), (1,)))
    blocks = terms.blocks(grid(engine))
    assert [len(block) for block in blocks] == [3, 3, 3]
    assert sorted(step for block in blocks for step in block) == sorted(terms.sums)


def test_what_reads_the_grid_is_computed_point_by_point() -> None:
    terms, engine = terms_of("sum(n*exp(-d*x*y))")
    assert terms.blocks(grid(engine)) == []
    terms, engine = terms_of("sum(n*cos(d*x)*sin(d*y))")
    assert terms.blocks(grid(engine)) == [list(terms.sums)]


def test_sums_of_rows_stay_in_registers(tmp_path: Path) -> None:
    """The compiler warns of a loop that it can't unroll as it is told to; each of its turns would go by memory."""
    job = CompileJob("sum(n*x**d*y**m)", ("x", "y"), ((0,), (1,)), 2, ((), (0,)), "float64", "cpu", None, ARRAYS)
    engine = StructuredEngine(job.program(), job.inputs, 2, job.wanted, torch.float64, open_device("cpu", 1))
    source = tmp_path / "grid.cpp"
    source.write_text(source_of(job, engine).text)
    command = [str(find_compiler()), *compiler_flags(), *INCLUDED, "-Werror", "-S", "-o", "/dev/null", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
