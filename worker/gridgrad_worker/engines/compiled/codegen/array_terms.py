"""Sums over arrays in C++: what of a term depends on fewer dims than the sum is kept in the levels of these dims.

So of sum(n*delta**d*tau**t) the powers are computed along each axis, a row of its level for each number, and the grid
multiplies and adds them. Sums of one level run in one loop, and have what they share once.

Where terms separate, so that each is a product of what two levels keep, and one side of it reads a single array, terms
with the same number there are brought together: a row of the one side stands beside the sum of those of the other. An
equation of state has a few powers of the density beside very many of the temperature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.engines.compiled.codegen.cpp_functions import CppFunctions, ProgramLines
from gridgrad_worker.engines.compiled.codegen.term_groups import SideArrays, TermGroups
from gridgrad_worker.engines.compiled.codegen.term_table import ALL, GROUPED, STEP, ArrayTerm, TermTable
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan

__all__ = ["ArrayTerms"]


Number = Callable[[int], str]
"""What the result of a step of the plan is called."""


class ArrayTerms:
    """The sums over arrays of a plan.

    Args:
        plan: with them.
        functions: of the language.

    Attributes:
        sums: the steps that are such sums.
        kept: the terms that each level keeps, by its dims.
    """

    def __init__(self, plan: ExecutionPlan, functions: CppFunctions) -> None:
        self._plan = plan
        self._functions = functions
        self._table = TermTable()
        self._groups = TermGroups(self._table)
        self.kept: dict[int, list[int]] = {}
        found = [i for level in plan.levels for i in level.steps if self._arrays(i)]
        self.sums = {step: self._groups.grouped(self._taken(step)) for step in found}
        for step, term in self.sums.items():
            self._keep(term, plan.steps[step].mask)

    def reads(self) -> Iterator[tuple[int, int]]:
        """Which level must have kept which step for terms of another one."""
        for mask, kept in self.kept.items():
            for term in self._table.inside(kept, frozenset()):
                step = int(self._table[term].value)
                if self._table[term].op == STEP and self._plan.steps[step].mask != mask:
                    yield self._plan.steps[step].mask, step

    def rows(self, mask: int, before: int) -> str:
        """How many rows a level has, beside `before` others."""
        counts = [self._count(term).removeprefix("position.") for term in self.kept.get(mask, ())]
        return " + ".join([str(before), *counts])

    def stored(self, mask: int, before: int, number: Number) -> Iterator[str]:
        """Computes the rows that a level keeps of terms.

        Args:
            mask: of the level.
            before: how many other rows it has.
            number: the results of its steps.
        """
        for term in self.kept.get(mask, ()):
            bases = self._bases(term, number)
            yield from (f"const Logarithm {name} = logarithm({base});" for base, name in bases.items())
            if term in self._groups.sides:
                yield from self._stored_groups(term, before, number, bases)
                continue
            lines = self._lines([term], frozenset(), {}, number, bases)
            yield f"for (int64_t place = 0; place < {self._count(term)}; place++) {{"
            yield from (f"    {line}" for line in lines.lines)
            text = lines.outputs[0]
            value = f"select({text}, broadcast(Real(1)), Vector{{}})" if self._is_mask(term) else text
            yield f"    store(to + ({self._first(term, before)} + place) * LANES, {value});"
            yield "}"

    def _stored_groups(self, term: int, before: int, number: Number, bases: Mapping[str, str]) -> Iterator[str]:
        """Computes the rows of a side: of its first member for each group, or of all together."""
        op, lines = self._table[term], self._lines(self._table[term].args, frozenset(), {}, number, bases)
        side, *factors = lines.outputs
        groups, adds = f"g{term}", f"a{term}"
        yield f"const Groups {groups} = {self._groups_of(self._groups.sides[term])};"
        yield f"const bool {adds} = {self._adds(self._groups.sides[term], int(op.value) % 2)};"
        yield f"for (int64_t group = 0; group < {groups}.count; group++) {{"
        yield f"    Vector total = {'broadcast(Real(1))' if op.op == ALL else '{}'};"
        yield f"    const int64_t* const end = {groups}.end(group, {adds});"
        yield f"    for (const int64_t* member = {groups}.begin(group); member < end; member++) {{"
        yield "        const int64_t place = *member;"
        yield from (f"        {line}" for line in lines.lines)
        added = f"fused({side}, {factors[0]}, total)" if factors else f"total + {side}"
        met = f"select({side}, total, Vector{{}})"
        yield f"        total = {met if op.op == ALL else f'{adds} ? {added} : {side}'};"
        yield "    }"
        yield f"    store(to + ({self._first(term, before)} + group) * LANES, total);"
        yield "}"

    def _groups_of(self, sides: SideArrays) -> str:
        """Those of the side that has fewer."""
        found = [f"groups({self._functions.groups(array)})" for array in sides if array is not None]
        return found[0] if len(found) == 1 else f"fewer({', '.join(found)})"

    def _adds(self, sides: SideArrays, side: int) -> str:
        """Whether the rows of a side are added up, and not those of the other."""
        if None in sides:
            return "true" if sides[side] is None else "false"
        first, second = (f"groups({self._functions.groups(array or 0)}).count" for array in sides)
        return f"{first} > {second}" if side == 0 else f"{first} <= {second}"

    def _side_arrays(self, step: int) -> SideArrays | None:
        """By which arrays the terms of a sum are brought together; None where they are not."""
        args = self._table[self.sums[step]].args
        return self._groups.sides.get(args[0]) if args else None

    def together(self, step: int, steps: Sequence[int], known: Mapping[int, str], mask: int) -> list[int]:
        """The sums that run in one loop with that of a step: over arrays of its own, of what is there already."""
        chosen: list[int] = []
        for other in steps:
            fits = other in self.sums and other not in known and self._side_arrays(other) == self._side_arrays(step)
            if fits and set(self._arrays(other)) & set(self._arrays(step)):
                args = [(each, self._plan.steps[each]) for each in self._plan.steps[other].args]
                if all(arg.op == "const" or arg.mask != mask or each in known for each, arg in args):
                    chosen.append(other)
        return chosen

    def summed(
        self, steps: Sequence[int], levels: Mapping[int, tuple[int, int]], last: int, number: Number
    ) -> Iterator[str]:
        """Computes sums in one loop.

        Args:
            steps: which.
            levels: by their dims the numbers of levels, and how many other rows each has.
            last: the dim that vectors lie along.
            number: the results of other steps.
        """
        loads, loaded = self._loads(steps, levels, last, "at[{0}]")
        yield from loads
        yield from (f"Vector x{step} = {{}};" for step in steps)
        yield f"for (int64_t place = 0; place < {self._length(steps)}; place++) {{"
        yield from (f"    {line}" for line in self._adding(steps, loaded, number, "x{0}"))
        yield "}"

    def blocks(self, steps: Sequence[int]) -> list[list[int]]:
        """Sums of the grid that read only what levels keep for them, and are computed for several rows at once.

        Args:
            steps: of the grid.

        Returns:
            Those of one loop together.
        """
        fit = [step for step in steps if step in self.sums and self._is_kept(step)] if self._plan.ndim > 1 else []
        found: list[list[int]] = []
        while fit:
            found.append(self.together(fit[0], fit, {}, self._plan.full))
            fit = [step for step in fit if step not in found[-1]]
        return found

    def _is_kept(self, step: int) -> bool:
        inside = self._table.inside([self.sums[step]], self._kept_below([step]))
        return all(self._table[term].op != STEP for term in inside)

    def summed_in_rows(self, steps: Sequence[int], levels: Mapping[int, tuple[int, int]]) -> Iterator[str]:
        """Computes sums for some rows and columns of vectors, in registers where there are as many rows as can be.

        Args:
            steps: which, of `blocks`.
            levels: by their dims the numbers of levels, and how many other rows each has.
        """
        loads, loaded = self._loads(steps, levels, self._plan.ndim - 1, "corner.below[{0}]", of_row=True)
        yield from (f"Vector x{step}[HEIGHT][W];" for step in steps)
        yield f"const auto sum{steps[0]} = [&, &position = corner.position](auto height) {{"
        yield "    const int rows = height;  // with a class in the condition the compiler would not unroll"
        yield from (f"    {line}" for line in loads)
        yield from (f"    Vector s{step}[HEIGHT][W] = {{}};" for step in steps)
        yield f"    for (int64_t place = 0; place < {self._length(steps)}; place++)"
        yield from self._each_vector(self._adding(steps, loaded, str, "s{0}[row][column]"))
        yield from self._each_vector(f"x{step}[row][column] = s{step}[row][column];" for step in steps)
        yield "};"
        yield f"if (corner.height == HEIGHT) sum{steps[0]}(std::integral_constant<int, HEIGHT>{{}});"
        yield f"else sum{steps[0]}(corner.height);"

    @staticmethod
    def _each_vector(lines: Iterable[str]) -> Iterator[str]:
        yield "#pragma GCC unroll 2"
        yield "    for (int column = 0; column < W; column++)"
        yield "#pragma GCC unroll 8"
        yield "        for (int row = 0; row < rows; row++) {"
        yield from (f"            {line}" for line in lines)
        yield "        }"

    def _length(self, steps: Sequence[int]) -> str:
        sides = self._side_arrays(steps[0])
        if sides is not None:
            return f"{self._groups_of(sides)}.count"
        return self._functions.count(self._arrays(steps[0])[0])

    def _loads(
        self, steps: Sequence[int], levels: Mapping[int, tuple[int, int]], last: int, at: str, *, of_row: bool = False
    ) -> tuple[list[str], dict[int, str]]:
        """Where levels have what they keep of terms, and how it is read at a place."""
        kept, lines, loaded = self._kept_below(steps), list[str](), dict[int, str]()
        for term in self._table.inside([self.sums[step] for step in steps], kept):
            if term not in kept:
                continue
            mask, name = self._table[term].mask, f"k{steps[0]}_{term}"
            level, before = levels[mask]
            lines.append(f"const Real* const {name} = {at.format(level)} + ({self._first(term, before)}) * LANES;")
            down = "" if mask.bit_length() == last else f" * corner.down[{level}]"  # neighbours in one vector, or far
            shift = f" + row{down}" if of_row and mask >> last - 1 & 1 else ""
            shift += f" + column * corner.along[{level}]" if of_row and mask >> last & 1 else ""
            at_place = f"{name}[place * LANES{shift}]"
            loaded[term] = f"load(&{at_place})" if mask >> last & 1 else f"broadcast({at_place})"
        return lines, loaded

    def _kept_below(self, steps: Sequence[int]) -> frozenset[int]:
        mask = self._plan.steps[steps[0]].mask
        return frozenset(term for own, terms in self.kept.items() if own != mask for term in terms)

    def _adding(self, steps: Sequence[int], loaded: Mapping[int, str], number: Number, at: str) -> Iterator[str]:
        """Adds a term to each sum."""
        kept = self._kept_below(steps)
        parts = [self._parts(self.sums[step], kept) for step in steps]
        lines = self._lines([term for each in parts for term in each], kept, loaded, number)
        yield from lines.lines
        texts = iter(lines.outputs)
        for step, each in zip(steps, parts, strict=True):
            total, found = at.format(step), [next(texts) for _ in each]
            if len(each) == 1:
                yield f"{total} = {total} + {found[0]};"
            elif len(each) == 2:
                yield f"{total} = fused({found[0]}, {found[1]}, {total});"
            else:
                yield f"{total} = select({found[0]}, {total}, fused({found[1]}, {found[2]}, {total}));"

    def _parts(self, term: int, kept: frozenset[int]) -> tuple[int, ...]:
        """A term; of a product its factors; of one that is 0 on a condition the condition before these."""
        op, args, *_ = self._table[term]
        if term in kept:
            return (term,)
        if op == "mul":
            return args
        if op == "where" and self._table[args[1]] == ArrayTerm("const") and self._table[args[2]].op == "mul":
            return (args[0], *self._table[args[2]].args) if args[2] not in kept else (term,)
        return (term,)

    def _arrays(self, step: int) -> tuple[int, ...]:
        op = self._plan.steps[step].op
        return op.arrays if isinstance(op, LocalOperation) else ()

    def _taken(self, step: int) -> int:
        """The term of a sum, among the others."""
        operation = self._plan.steps[step].op
        assert isinstance(operation, LocalOperation)  # noqa: S101 - narrows the type
        args = dict(zip(operation.function.params, self._plan.steps[step].args, strict=True))
        places: list[int] = []
        nodes = operation.body.nodes
        for node in nodes:
            if node.op == "input":
                places.append(self._read(args.get(str(node.value))))
            elif node.op == ARRAY_ITEM.name:
                number = int(nodes[node.args[0]].number)
                places.append(self._table.add(ArrayTerm(ARRAY_ITEM.name, (), number, 0, number)))
            elif node.op == "const":
                places.append(self._table.add(ArrayTerm("const", (), node.number)))
            else:
                places.append(self._table.made(node.op, tuple([places[each] for each in node.args])))
        return places[operation.body.outputs[0]]

    def _read(self, step: int | None) -> int:
        if step is None:  # the place itself, which only arrays read
            return self._table.add(ArrayTerm("const"))
        known = self._plan.steps[step]
        return self._table.add(
            ArrayTerm("const", (), known.number) if known.op == "const" else ArrayTerm(STEP, (), step, known.mask)
        )

    def _keep(self, root: int, mask: int) -> None:
        """Has the levels of fewer dims keep what they can compute of a term."""
        stack = [root]
        while stack:
            term = stack.pop()
            op, args, _, own, array = self._table[term]
            if array is None or op == ARRAY_ITEM.name:
                continue
            if own == mask:
                stack.extend(args)
            elif term not in self.kept.setdefault(own, []):
                self.kept[own].append(term)

    def _bases(self, root: int, number: Number) -> dict[str, str]:
        """What powers of a term are taken of that is the same for all numbers: what its logarithm is called."""
        inside = [self._table[term] for term in self._table.inside([root], frozenset())]
        bases = [self._table[term.args[0]] for term in inside if term.op == "pow" and term.array is not None]
        steps = dict.fromkeys(int(base.value) for base in bases if base.op == STEP)
        return {number(step): f"l{root}_{step}" for step in steps}

    def _lines(
        self,
        outputs: Sequence[int],
        known: frozenset[int],
        loaded: Mapping[int, str],
        number: Number,
        bases: Mapping[str, str] = MappingProxyType({}),
    ) -> ProgramLines:
        nodes: list[Node] = []
        places: dict[int, int] = {}
        called: dict[str, str] = {}
        for index in self._table.inside(outputs, known):
            term = self._table[index]
            places[index] = len(nodes)
            if term.op == "const":
                nodes.append(Node("const", (), term.value))
            elif index in loaded:
                called[f"{index}"] = f"truth({loaded[index]})" if self._is_mask(index) else loaded[index]
                nodes.append(Node("input", (), f"{index}"))
            elif term.op in (STEP, ARRAY_ITEM.name):
                is_item = term.op == ARRAY_ITEM.name
                called[f"{index}"] = self._functions.item(int(term.value)) if is_item else number(int(term.value))
                nodes.append(Node("input", (), f"{index}"))
            else:
                nodes.append(Node(term.op, tuple([places[each] for each in term.args])))
        found = tuple([places[each] for each in outputs])
        program = Program(tuple(nodes), found, tuple(map(str, found)), True, tuple(called))
        return ProgramLines(program, called, "t", self._functions, bases)

    def _is_mask(self, term: int) -> bool:
        op = self._table[term].op
        return op == ALL or (op not in ("const", STEP, GROUPED) and FUNCTIONS[op].result == "boolean")

    def _count(self, term: int) -> str:
        array = self._table[term].array
        return self._functions.count(0 if array is None else array)

    def _first(self, term: int, before: int) -> str:
        """The first row of a term in its level."""
        kept = self.kept[self._table[term].mask]
        return " + ".join([str(before), *map(self._count, kept[: kept.index(term)])])
