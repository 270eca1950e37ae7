"""A plan as C++: a class for each level below the grid and one for the grid, for `cpp/windows.h` to run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.functions.tabulated import LOOKUPS
from gridgrad_worker.engines.compiled.codegen.array_terms import ArrayTerms
from gridgrad_worker.engines.compiled.codegen.cpp_functions import CppFunctions, TableReader
from gridgrad_worker.engines.compiled.codegen.guard_tables import double, guard_tables
from gridgrad_worker.engines.compiled.codegen.row_layout import LevelLayout, lay_out, sides_of
from gridgrad_worker.engines.compiled.codegen.torch_recorder import literal, power
from gridgrad_worker.engines.structured.planning.guard import Guard
from gridgrad_worker.engines.structured.planning.plan import SEPARATED, ExecutionPlan

__all__ = ["PlanSource", "plan_class"]

_LEVEL = "const Real* const* at, Real* to, const Position& position"
_EACH = "const Real* const* at, const Position& position, const Writer<MODE>& writer, int row, int column"
_POINT = "const Real* const* at, const Position& position, const Vector* sums, Real* to, int64_t pitch"

_LIGHT = 16
"""Operations on the grid up to which they leave the processor waiting for memory."""

_LONG = 256
"""Operations from which on a function stands by itself, so that it is compiled once, and beside others."""

_MANY_SUMS = 8
"""Separated sums from which on what sums is called: written out for each they would be most of the code."""


class PlanSource(NamedTuple):
    """A plan as C++.

    Args:
        declared: its class.
        functions: its long functions, which the class declares.
    """

    declared: str
    functions: tuple[str, ...]


def plan_class(
    name: str, plan: ExecutionPlan, guard: Guard | None, functions: CppFunctions, tables: TableReader | None = None
) -> PlanSource:
    """The C++ of a plan.

    Args:
        name: of its class.
        plan: what to compute.
        guard: looks at some of its steps.
        functions: of the language; more are defined as they are needed.
        tables: that it looks up.
    """
    emitter = _Emitter(name, plan, guard, functions, tables or TableReader((), 0))
    return PlanSource(emitter.text(), tuple(emitter.apart))


class _Emitter:
    def __init__(
        self, name: str, plan: ExecutionPlan, guard: Guard | None, functions: CppFunctions, tables: TableReader
    ) -> None:
        self._lookups = tables
        self._name = name
        self._plan = plan
        self._guard = guard
        self._functions = functions
        self._terms = ArrayTerms(plan, functions)
        self._levels = lay_out(plan, guard, self._terms)
        self._number = {level.mask: n for n, level in enumerate(self._levels)}
        self._rows = [{step: row for row, step in enumerate(level.rows)} for level in self._levels]
        self.apart: list[str] = []

    @property
    def places(self) -> dict[int, tuple[int, int]]:
        """The number of each level by its dims, and how many rows it has without those of arrays."""
        return {level.mask: (n, len(level.rows)) for n, level in enumerate(self._levels)}

    def text(self) -> str:
        """All of it."""
        levels = "".join(self._level(n, level) for n, level in enumerate(self._levels))
        each = "".join(f"        f(Level{n}{{}});\n" for n in range(len(self._levels)))
        widest = ", ".join(["int64_t(1)", *(f"Level{n}::rows(inputs)" for n in range(len(self._levels)))])
        watched = sum(sum(level.watched) for level in self._levels)
        simple = all(level.mask.bit_count() < 2 for level in self._levels if sum(level.watched))
        constants = {
            "int LEVELS": len(self._levels),
            "int PLANES": len(self._plan.outputs),
            "int WATCHED": watched,
            "bool SIMPLE": str(simple).lower(),
            "double FURTHEST_CONSTANT": double(self._guard.furthest_constant if self._guard else 0.0),
            "double REACH": double(self._guard.reach if self._guard else 0.0),
        }
        return (
            f"struct {self._name} {{\n"
            + "".join(f"    static constexpr {each_} = {value};\n" for each_, value in constants.items())
            + guard_tables(self._guard, self._levels)
            + levels
            + self._grid()
            + f"    template <class F> static void each_level(F f) {{\n{each}    }}\n"
            + f"    static int64_t widest(const Input* inputs) {{ return std::max({{{widest}}}); }}\n}};\n"
        )

    def _level(self, number: int, level: LevelLayout) -> str:
        most = self._guard.most.get(level.mask, (0.0, 0.0)) if self._guard else (0.0, 0.0)
        constants = {
            "int NUMBER": number,
            "int MASK": level.mask,
            "int LAST": level.last,
            "int FACTORS": level.watched[0],
            "int DIVISORS": level.watched[1],
            "int POWERS": level.watched[2],
            "int WATCHED": sum(level.watched),
            "double MOST_FACTORS": double(most[0]),
            "double MOST_POWERS": double(most[1]),
        }
        scope = _Scope(self, level.mask)
        scope.run(level.steps)
        for row, step in enumerate(level.rows):
            scope.lines.append(f"store(to + {row} * LANES, {scope.number(step)});")
        scope.lines += list(self._terms.stored(level.mask, len(level.rows), scope.number))
        rows = self._terms.rows(level.mask, len(level.rows))
        return (
            f"    struct Level{number} {{\n"
            + "".join(f"        static constexpr {each} = {value};\n" for each, value in constants.items())
            + f"        INLINE_MEMBER static int64_t rows([[maybe_unused]] const Input* inputs) {{ return {rows}; }}\n"
            + self._function(f"Level{number}", f"run({_LEVEL})", scope.lines)
            + "    };\n"
        )

    def _function(self, owner: str, signature: str, lines: Sequence[str]) -> str:
        """A member function: as it stands in its class, where a long one is only declared."""
        if len(lines) < _LONG:
            return f"        static void {signature} {{\n" + _indented(lines, 12) + "        }\n"
        self.apart.append(f"void {self._name}::{owner}::{signature} {{\n" + _indented(lines, 4) + "}\n")
        return f"        static void {signature};\n"

    def _grid(self) -> str:
        sums = [i for i in self._plan.levels[-1].steps if self._plan.steps[i].op == SEPARATED]
        grid = self._plan.levels[-1]
        is_long = len(grid.inputs) + len(grid.steps) >= _LONG
        scope = _Scope(self, self._plan.full, {i: n for n, i in enumerate(sums)} if is_long else {})
        blocks = [] if is_long else self._terms.blocks(grid.steps)
        scope.know({step: f"x{step}[row][column]" for block in blocks for step in block})
        scope.run([*grid.inputs, *grid.steps])
        results = [scope.number(step) for step in self._plan.outputs]
        size = "LANES < 8 ? LANES : 8" if sums or blocks else "1"
        each, point = scope.lines + [f"writer.put({plane}, {text});" for plane, text in enumerate(results)], ""
        if is_long:
            lines = scope.lines + [
                f"store_unaligned(to + {plane} * pitch, {text});" for plane, text in enumerate(results)
            ]
            point, each = self._function("Grid", f"point({_POINT})", lines), list(_calls_point(sums))
        return (
            "    struct Grid {\n"
            f"        static constexpr int HEIGHT = {size}, WIDTH = {2 if sums else 1};\n"
            f"        static constexpr bool LIGHT = {str(bool(sums or blocks) or len(grid.steps) <= _LIGHT).lower()};\n"
            + _indented([line for i in sums for line in self._tables(i)], 8)
            + point
            + "        template <int W, StoreMode MODE> INLINE_MEMBER static void run(const Corner<LEVELS>& corner) {\n"
            + _indented([line for i in sums for line in self._sum(i, called=len(sums) > _MANY_SUMS)], 12)
            + _indented([line for block in blocks for line in self._terms.summed_in_rows(block, self.places)], 12)
            + f"            corner.template each<W, MODE>([&]({_EACH}) {{\n"
            + _indented(each, 16)
            + "            });\n        }\n    };\n"
        )

    def _tables(self, index: int) -> Iterator[str]:
        """Where the factors of a separated sum lie in their levels."""
        args = self._plan.steps[index].args
        half = len(args) // 2
        masks = sides_of(self._plan, index)
        for side, mask, factors in zip(("left", "right"), masks, (args[:half], args[half:]), strict=True):
            rows = self._rows[self._number[mask]]
            places = ", ".join(f"{rows[factor]} * LANES" for factor in factors)
            yield f"static constexpr int {side}{index}[] = {{{places}}};"

    def _sum(self, index: int, *, called: bool) -> Iterator[str]:
        masks = sides_of(self._plan, index)
        left, right = (self._number[mask] for mask in masks)
        row_dim = self._plan.ndim - 2
        down = f"corner.down[{right}]" if masks[1] >> row_dim & 1 else "0"
        yield f"Vector s{index}[HEIGHT][W];"
        function = "called_sum_products" if called else "sum_products"
        yield (
            f"{function}(s{index}, corner.below[{left}], corner.down[{left}], left{index}, "
            f"corner.below[{right}], {down}, corner.along[{right}], right{index}, corner.height);"
        )


class _Scope:
    """Steps that are computed together, in one function.

    Args:
        emitter: of the plan.
        mask: the dims that they are computed on.
        sums: the places of separated sums on the grid among those that the function is given, if it is.
    """

    def __init__(self, emitter: _Emitter, mask: int, sums: Mapping[int, int] = MappingProxyType({})) -> None:
        self.lines: list[str] = []
        self._emitter = emitter
        self._plan = emitter._plan
        self._mask = mask
        self._sums = sums
        self._last = max(mask.bit_length() - 1, 0)
        self._known: dict[int, str] = {}
        self._logarithms: set[int] = set()

    def run(self, steps: Sequence[int]) -> None:
        """Computes steps, arguments first."""
        for index in steps:
            if index in self._known:
                continue
            if index in self._emitter._terms.sums:
                self._sum_arrays(index, steps)
                continue
            kind = "Mask" if self._is_mask(index) else "Vector"
            expression = self._expression(index)  # first, since it may load its arguments
            self.lines.append(f"const {kind} x{index} = {expression};")
            self._known[index] = f"x{index}"

    def _sum_arrays(self, index: int, steps: Sequence[int]) -> None:
        """Computes a sum over arrays, and those that run with it."""
        terms = self._emitter._terms
        together = terms.together(index, steps, self._known, self._mask)
        self.lines += list(terms.summed(together, self._emitter.places, self._last, self.number))
        self.know({each: f"x{each}" for each in together})

    def know(self, found: Mapping[int, str]) -> None:
        """Takes what the results of steps are called that were computed elsewhere."""
        self._known.update(found)

    def number(self, index: int) -> str:
        """The result of a step as a vector of numbers."""
        text = self._text(index)
        return f"select({text}, broadcast(Real(1)), Vector{{}})" if self._is_mask(index) else text

    def _condition(self, index: int) -> str:
        return self._text(index) if self._is_mask(index) else f"truth({self._text(index)})"

    def _is_mask(self, index: int) -> bool:
        declared = FUNCTIONS.get(self._plan.steps[index].op)
        return declared is not None and declared.result == "boolean"

    def _text(self, index: int) -> str:
        if index not in self._known:
            self._known[index] = self._read(index)
        return self._known[index]

    def _read(self, index: int) -> str:
        """A constant, or what a lower level has kept, loaded into a variable."""
        step = self._plan.steps[index]
        if step.op == "const":
            return f"broadcast({literal(step.number)})"
        number = self._emitter._number[step.mask]
        row = self._emitter._rows[number][index]
        level = self._emitter._levels[number]
        along = level.mask >> self._last & 1
        loaded = f"load(at[{number}] + {row} * LANES)" if along else f"broadcast(at[{number}][{row} * LANES])"
        if self._is_mask(index):
            self.lines.append(f"const Mask x{index} = truth({loaded});")
        else:
            self.lines.append(f"const Vector x{index} = {loaded};")
        return f"x{index}"

    def _expression(self, index: int) -> str:
        step = self._plan.steps[index]
        if step.op == "input":
            return f"position.template read<{self._last}>({int(step.value or 0)})"
        if step.op == SEPARATED:
            return self._sum(index)
        declared = FUNCTIONS[step.op]
        count = len(declared.integers)
        integers = tuple(int(self._plan.steps[i].number) for i in step.args[:count])
        if step.op == "pow" and self._plan.steps[step.args[1]].op == "const":
            written = power(self.number(step.args[0]), self._plan.steps[step.args[1]].number)
            return written or self._real_power(*step.args)
        if step.op in LOOKUPS:
            return self._emitter._lookups.call(step.op, integers, [self.number(i) for i in step.args[count:]])
        kinds = self._emitter._functions.recorded(step.op, integers).kinds
        arguments = [
            self._condition(i) if kind == "Mask" else self.number(i)
            for i, kind in zip(step.args[count:], kinds, strict=True)
        ]
        return self._emitter._functions.call(step.op, integers, arguments)

    def _real_power(self, base: int, exponent: int) -> str:
        """A power; those of one base share its logarithm."""
        x = self.number(base)
        if base not in self._logarithms:
            self._logarithms.add(base)
            self.lines.append(f"const Logarithm l{base} = logarithm({x});")
        return f"powered({x}, l{base}, {self.number(exponent)})"

    def _sum(self, index: int) -> str:
        if self._mask == self._plan.full:
            return f"sums[{self._sums[index]}]" if self._sums else f"s{index}[row][column]"
        args = self._plan.steps[index].args
        half = len(args) // 2
        total = "-Vector{}"
        for left, right in zip(args[:half], args[half:], strict=True):
            total = f"fused({self.number(left)}, {self.number(right)}, {total})"
        return total


def _indented(lines: Iterable[str], by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in lines)


def _calls_point(sums: Sequence[int]) -> Iterator[str]:
    """Calls what computes a vector of the grid, and writes what comes of it."""
    given = ", ".join(f"s{index}[row][column]" for index in sums)
    yield f"const Vector sums[] = {{{given or 'Vector{}'}}};"
    yield "writer.template write<PLANES>([&](Real* to, int64_t pitch) { point(at, position, sums, to, pitch); });"
