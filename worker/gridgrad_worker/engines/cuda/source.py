"""Writes the kernels of a plan: one for the levels of no dim, one for those of one, and so on, and one for the grid.

A thread computes one point of a level, all of its steps in registers; the grid's last values go to the results.
Levels of equally many dims do not read each other. Lengths are read at run time, so that one code serves all shapes,
and a block finds its tile in a table, so that tiles of any shapes run in one launch.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import NamedTuple

import torch

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.functions.tabulated import LOOKUPS
from gridgrad_core.lang.program.made_operation import sums_over_arrays
from gridgrad_core.lang.program.nodes import Node
from gridgrad_worker.engines.compiled.codegen.cpp_functions import CppFunctions
from gridgrad_worker.engines.compiled.codegen.torch_recorder import literal, power
from gridgrad_worker.engines.structured.planning.plan import SEPARATED, ExecutionPlan, Level
from gridgrad_worker.native.errors import CannotCompileError

__all__ = ["GRID", "THREADS", "Launch", "Source", "write_source"]

THREADS = 256
"""Of a block."""

GRID = "grid"
"""The name of the kernel that computes the results."""

_MOST_STEPS = 5000
"""Of a plan; the compiler would take minutes for more."""


class Launch(NamedTuple):
    """A kernel below the grid.

    Args:
        name: of the kernel.
        levels: which it computes, by their places among the levels of the plan.
    """

    name: str
    levels: tuple[int, ...]


class Source(NamedTuple):
    """The kernels of a plan.

    Args:
        text: CUDA.
        launches: the kernels below the grid, in the order to run in.
        rows: for each level of the plan but the grid's, how many rows of numbers it keeps.
    """

    text: str
    launches: tuple[Launch, ...]
    rows: tuple[int, ...]

    @property
    def names(self) -> list[str]:
        """Of the kernels, in the order to run in."""
        return [*(launch.name for launch in self.launches), GRID]


def write_source(plan: ExecutionPlan, inputs: int, dtype: torch.dtype) -> Source:
    """Writes the kernels of a plan.

    Args:
        plan: what to compute; without separated sums.
        inputs: how many inputs tiles have.
        dtype: computed in.

    Raises:
        CannotCompileError: the plan is one for the direct tier.
    """
    if sum(len(level.steps) for level in plan.levels) > _MOST_STEPS:
        raise CannotCompileError(f"it has more than {_MOST_STEPS} operations")
    return _Writer(plan, inputs, dtype).source()


class _Writer:
    """Writes the kernels of one plan."""

    def __init__(self, plan: ExecutionPlan, inputs: int, dtype: torch.dtype) -> None:
        self._plan = plan
        self._inputs = inputs
        self._dtype = dtype
        self._functions = CppFunctions(dtype, "static __device__")
        kept = [[i for i in level.kept if plan.steps[i].op != "input"] for level in plan.levels[:-1]]
        self._kept = kept
        self._rows = {step: row for steps in kept for row, step in enumerate(steps)}
        self._level_of = {level.mask: number for number, level in enumerate(plan.levels[:-1])}

    def source(self) -> Source:
        """All of it."""
        below = self._plan.levels[:-1]
        bodies = [line for number, level in enumerate(below) for line in self._level(number, level)]
        by_dims: dict[int, list[int]] = {}
        for number, level in enumerate(below):
            if level.steps:
                by_dims.setdefault(level.mask.bit_count(), []).append(number)
        launches = tuple(Launch(f"levels_of_{dims}", tuple(levels)) for dims, levels in sorted(by_dims.items()))
        kernels = [line for launch in launches for line in self._launch(launch)]
        grid = list(self._grid())
        if self._functions.library:
            called = ", ".join(sorted(self._functions.library))
            raise CannotCompileError(f"it calls {called}, which the processor computes for the direct tier on a GPU")
        prelude = resources.files(__package__).joinpath("prelude.h").read_text()
        parts = [*self._constants(), prelude, *self._functions.definitions, *bodies, *kernels, *grid, "}"]
        return Source("\n".join(parts) + "\n", launches, tuple(map(len, self._kept)))

    def _constants(self) -> Iterator[str]:
        double = self._dtype == torch.float64
        yield f"typedef {'double' if double else 'float'} Real;"
        yield f"constexpr bool DOUBLE = {str(double).lower()};"
        yield f"constexpr int DIMS = {self._plan.ndim}, INPUTS = {self._inputs}, LEVELS = {len(self._plan.levels) - 1};"
        yield f"constexpr int THREADS = {THREADS};"

    def _level(self, number: int, level: Level) -> Iterator[str]:
        if not level.steps:
            return
        yield f"INLINE void level_{number}(const i64* tile, const Memory& memory, unsigned n) {{"
        yield from self._steps(level)
        yield f"    Real* rows = memory.levels + tile[LEVEL + {number}] + n;"
        for row, step in enumerate(self._kept[number]):
            yield f"    rows[i64({row}) * size<{level.mask}>(tile)] = {self._number(step)};"
        yield "}"

    def _launch(self, launch: Launch) -> Iterator[str]:
        yield from _opening(launch.name)
        for number in launch.levels:
            mask = self._plan.levels[number].mask
            yield f"    if (span[2] == {number} && n < size<{mask}>(tile)) level_{number}(tile, memory, n);"
        yield "}"

    def _grid(self) -> Iterator[str]:
        full = self._plan.full
        steps = list(self._steps(self._plan.levels[-1]))
        yield from _opening(GRID)
        yield f"    const unsigned points = size<{full}>(tile);"
        yield "    if (n >= points) return;"
        yield from steps
        yield "    Real* to = memory.out + tile[OUT] + n;"
        for plane, step in enumerate(self._plan.outputs):
            yield f"    to[i64({plane}) * points] = {self._number(step)};"
        yield "}"

    def _steps(self, level: Level) -> Iterator[str]:
        """Reads what a level needs of others and its inputs, and computes its steps."""
        steps = self._plan.steps
        grid = level.mask == self._plan.full
        used = [a for i in level.steps for a in steps[i].args]
        wanted = {*used, *(self._plan.outputs if grid else ())}
        read = sorted(
            i for i in wanted if steps[i].op != "const" and (steps[i].mask != level.mask or steps[i].op == "input")
        )
        yield f"    unsigned at[DIMS + 1]; unfold<{level.mask}>(tile, n, at);"
        for mask in sorted({steps[i].mask for i in read}):
            yield f"    const unsigned n_{mask} = fold<{mask}>(tile, at);"
        for i in read:
            yield f"    const {self._type(i)} v{i} = {self._read(i)};"
        for i in level.steps:
            yield f"    const {self._type(i)} v{i} = {self._computed(i)};"

    def _read(self, step: int) -> str:
        mask = self._plan.steps[step].mask
        if self._plan.steps[step].op == "input":
            return f"memory.inputs[tile[INPUT + {self._plan.steps[step].value}] + n_{mask}]"
        place = f"tile[LEVEL + {self._level_of[mask]}] + i64({self._rows[step]}) * size<{mask}>(tile) + n_{mask}"
        return f"memory.levels[{place}]" + (" != 0" if self._is_boolean(step) else "")

    def _computed(self, step: int) -> str:
        op, args, _, _ = self._plan.steps[step]
        if op == SEPARATED:
            raise CannotCompileError("it has separated sums")
        if op in LOOKUPS:
            raise CannotCompileError("it calls tables, which the direct tier looks up on a GPU")
        if any(sums_over_arrays([Node(op)])):
            raise CannotCompileError("it sums over arrays, which the direct tier does on a GPU")
        integers = len(FUNCTIONS[op].integers)
        known = tuple(int(self._plan.steps[i].number) for i in args[:integers])
        values = [self._value(i) for i in args[integers:]]
        if op == "pow" and self._plan.steps[args[1]].op == "const":
            easy = power(values[0], self._plan.steps[args[1]].number)
            if easy is not None:
                return easy
        return self._functions.call(op, known, values)

    def _value(self, step: int) -> str:
        node = self._plan.steps[step]
        return f"broadcast({literal(node.number)})" if node.op == "const" else f"v{step}"

    def _number(self, step: int) -> str:
        value = self._value(step)
        return f"select({value}, Vector(1), Vector(0))" if self._is_boolean(step) else value

    def _type(self, step: int) -> str:
        return "Mask" if self._is_boolean(step) else "Vector"

    def _is_boolean(self, step: int) -> bool:
        op = self._plan.steps[step].op
        return op not in ("input", "const", SEPARATED) and FUNCTIONS[op].result == "boolean"


def _opening(name: str) -> Iterator[str]:
    yield f'extern "C" __global__ void __launch_bounds__(THREADS) {name}('
    yield "    const i64* spans, i64 span_count, const i64* tiles, const Real* inputs, Real* levels, Real* out) {"
    yield "    const i64* span = span_of(spans, span_count, blockIdx.x);"
    yield "    const i64* tile = tiles + span[1] * TILE;"
    yield "    const unsigned n = unsigned(blockIdx.x - span[0]) * THREADS + threadIdx.x;"
    yield "    const Memory memory{inputs, levels, out};"
