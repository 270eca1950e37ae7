"""Plans of pull-backs: programs of grids of fewer and fewer dims, and the sums that lead from one to the next.

Each stage is a program on some of the grid's dims. What it computes is summed over some of these, and the sums are
inputs of later stages. Only the first stages look at all points.
"""

from __future__ import annotations

import functools
import itertools
import operator
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from gridgrad_core.lang.adjoint.dim_sums import DimSum
from gridgrad_core.lang.adjoint.reverse_mode import ReverseMode
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

__all__ = ["MOST_DERIVED", "Place", "PlannedSum", "PullbackPlan", "Source", "Stage", "plan_pullback"]


MOST_DERIVED = 100_000
"""Operations of all stages together: workers plan for themselves, and others wait meanwhile."""


class Place(NamedTuple):
    """Where a node is computed.

    Args:
        stage: the number of its stage.
        output: which of the stage's.
    """

    stage: int
    output: int


Source: TypeAlias = "Place | str"
"""Where numbers come from: what a stage computes, or the name of an input."""


class Stage(NamedTuple):
    """What is computed on some dims.

    Args:
        level: how many sums one after another go before it.
        mask: the dims, a bit each.
        program: its inputs have no other dims; they are those of the function, lengths of dims, and sums.
    """

    level: int
    mask: int
    program: Program


class PlannedSum(NamedTuple):
    """A sum over dims.

    Args:
        name: the input of later stages that it is.
        plane: what is summed.
        factor: what it is multiplied with; None for 1.
        over: the dims that are summed over.
    """

    name: str
    plane: Source
    factor: Source | None
    over: int


class PullbackPlan(NamedTuple):
    """How the gradient of Σ cotangent·f is computed.

    Args:
        stages: each after those that it needs.
        sums: those that can be computed before all stages, then for each stage those after it.
        value: the sum itself, without dims.
        gradient: for each input that it is by, in order; each on the dims of the input or fewer. None for zeros.
        masks: the dims of each input of stages: the function's, and sums.
        lengths: the names of the inputs that are the lengths of dims, by dim.
        watched: what must not be large: else a plan without products of exponentials is to be used.
    """

    stages: tuple[Stage, ...]
    sums: tuple[tuple[PlannedSum, ...], ...]
    value: Source
    gradient: tuple[Source | None, ...]
    masks: Mapping[str, int]
    lengths: Mapping[int, str]
    watched: tuple[Source, ...] = ()


def plan_pullback(
    program: Program,
    cotangents: Program | None,
    inputs: Mapping[str, int],
    wrt: Sequence[str],
    *,
    multiplying: bool = True,
) -> PullbackPlan:
    """Plans a pull-back.

    Args:
        program: the function.
        cotangents: a program with as many components; None for ones.
        inputs: the mask of each input.
        wrt: the inputs by which the gradient is wanted.
        multiplying: whether exponentials of sums may be derived as products.

    Raises:
        TooLargeError: more operations were needed than MOST_DERIVED.
    """
    reverse = ReverseMode(program, cotangents, inputs, MOST_DERIVED, multiplying=multiplying)
    adjoints = reverse.derive(wrt)
    return _Planner(reverse, inputs, program.tables).plan(adjoints.value, [adjoints.gradient[name] for name in wrt])


class _Planner:
    def __init__(self, reverse: ReverseMode, inputs: Mapping[str, int], tables: tuple[TableSpec, ...]) -> None:
        self._nodes = reverse.builder.nodes
        self._masks = reverse.masks
        self._sums = reverse.sums.by_name
        self._lengths = reverse.sums.lengths
        self._inputs = inputs
        self._watched = reverse.watched
        self._tables = tables
        self._level: list[int] = []
        self._wanted: dict[tuple[int, int], dict[int, int]] = {}
        self._first: dict[tuple[int, int], int] = {}
        self._full = functools.reduce(operator.or_, inputs.values(), 0)

    def plan(self, value: int, gradient: Sequence[int | None]) -> PullbackPlan:
        """The plan of these outputs."""
        finals = [each for each in (value, *gradient, *self._watched) if each is not None]
        live = self._live(finals)
        for node in (*finals, *itertools.chain.from_iterable(map(_terms, live))):
            self._want(node)
        keys = sorted(self._wanted, key=lambda key: (key[0], key[1].bit_count(), key[1]))
        stages: list[Stage] = []
        for level, mask in keys:
            self._first[level, mask] = len(stages)
            outputs, most = [*self._wanted[level, mask]], self._most_outputs(level, mask)
            parts = [outputs[start : start + most] for start in range(0, len(outputs), most)]
            stages += [Stage(level, mask, self._program(part)) for part in parts]
        sums: list[list[PlannedSum]] = [[] for _ in (None, *stages)]
        for found in live:
            sums[self._ready(found)].append(self._planned(found))
        sources = [None if node is None else self._source(node) for node in (value, *gradient)]
        assert sources[0] is not None, "the value is always wanted"  # noqa: S101 - narrows the type
        masks = {**self._inputs, **dict.fromkeys(self._lengths.values(), 0)}
        masks.update({each.name: self._mask_of(each) for each in live})
        watched = tuple([self._source(each) for each in self._watched])
        made = tuple(stages), tuple(map(tuple, sums))
        return PullbackPlan(*made, sources[0], tuple(sources[1:]), masks, self._lengths, watched)

    def _live(self, roots: Sequence[int]) -> list[DimSum]:
        """The sums that nodes are made of, in the order in which they were written."""
        names: set[str] = set()
        seen: set[int] = set()
        stack = list(roots)
        while stack:
            index = stack.pop()
            if index in seen:
                continue
            seen.add(index)
            node = self._nodes[index]
            stack.extend(node.args)
            if node.op == "input" and node.value in self._sums:
                names.add(str(node.value))
                stack.extend(_terms(self._sums[str(node.value)]))
        return [found for name, found in self._sums.items() if name in names]

    def _level_of(self, node: int) -> int:
        """How many sums one after another a node is made of."""
        for each in self._nodes[len(self._level) : node + 1]:
            level = max([self._level[argument] for argument in each.args], default=0)
            if each.op == "input" and each.value in self._sums:
                level = 1 + max(self._level_of(term) for term in _terms(self._sums[str(each.value)]))
            self._level.append(level)
        return self._level[node]

    def _want(self, node: int) -> None:
        if self._nodes[node].op != "input":
            wanted = self._wanted.setdefault((self._level_of(node), self._masks[node]), {})
            wanted.setdefault(node, len(wanted))

    def _source(self, node: int) -> Source:
        if self._nodes[node].op == "input":
            return str(self._nodes[node].value)
        key = self._level_of(node), self._masks[node]
        part, output = divmod(self._wanted[key][node], self._most_outputs(*key))
        return Place(self._first[key] + part, output)

    def _most_outputs(self, level: int, mask: int) -> int:
        """Of a stage: as many as a text may have, but for that of all points, which is one."""
        return sys.maxsize if (level, mask) == (0, self._full) else limits.MAX_COMPONENTS

    def _ready(self, found: DimSum) -> int:
        """How many of the stages a sum needs; none for one of inputs of the function alone."""
        latest = 0
        for term in _terms(found):
            source = self._source(term)
            if isinstance(source, Place):
                latest = max(latest, source.stage + 1)
            elif source in self._sums:
                latest = max(latest, self._ready(self._sums[source]))
        return latest

    def _planned(self, found: DimSum) -> PlannedSum:
        factor = None if found.factor is None else self._source(found.factor)
        return PlannedSum(found.name, self._source(found.plane), factor, found.over)

    def _mask_of(self, found: DimSum) -> int:
        both = 0
        for term in _terms(found):
            both |= self._masks[term]
        return both & ~found.over

    def _program(self, outputs: Sequence[int]) -> Program:
        nodes, places = finished(collecting(self._nodes, outputs))
        names = dict.fromkeys(str(node.value) for node in nodes if node.op == "input")
        components = tuple([f"f{position}" for position in range(len(outputs))])
        return Program(
            tuple(nodes), tuple([places[each] for each in outputs]), components, True, tuple(names), self._tables
        )


def _terms(found: DimSum) -> list[int]:
    return [found.plane] if found.factor is None else [found.plane, found.factor]
