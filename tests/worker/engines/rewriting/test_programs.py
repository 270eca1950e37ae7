"""What rewrites programs keeps their values: simplifying, deriving, reading terms, separating sums.

Programs are evaluated as they are written, by Taylor arithmetic (`jets`), and compared at random points with what each
of the passes made of them. What rounding may change is bounded beside the values, so that no sign and no repeated
term can hide behind a tolerance, and nothing that cancels is a false alarm.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from gridgrad_core.lang.algebra.simplify import Algebra
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.engines.structured.planning import separated_writer
from gridgrad_worker.engines.structured.planning.plan import masks_of
from gridgrad_worker.engines.structured.planning.separate import separate
from gridgrad_worker.engines.structured.planning.term_reader import TermReader
from gridgrad_worker.engines.structured.planning.terms import Exponential, Term
from tests.seeds import examples, seed
from tests.worker.engines.rewriting.jets import jets, values
from tests.worker.engines.rewriting.sums import Sum, long_sums, sums

pytestmark = pytest.mark.random

Array = NDArray[np.float64]
SEEDS = tuple(map(seed, (1, 2, 3, 4)))
EACH = examples(500)
POINTS = 3
ROUNDINGS = 16
"""Units in the last place of a number's magnitude: what is found is 3; a lost term of it is some 1e15."""


class Written(NamedTuple):
    """A random expression, parsed and derived.

    Args:
        source: what it was made from.
        program: the expression.
        wanted: its derivatives, the value first, by positions of inputs.
        derived: computes all of them.
        points: of its inputs.
        expected: for each derivative, the values and their magnitudes.
    """

    source: Sum
    program: Program
    wanted: list[tuple[int, ...]]
    derived: Program
    points: dict[str, Array]
    expected: list[tuple[Array, Array]]


@functools.cache
def written(seed: int) -> list[Written]:
    """Random expressions."""
    random = np.random.default_rng(seed)
    found = [*sums(EACH, seed), *(long_sums(seed) if seed == SEEDS[0] else ())]
    return [_written(source, 2 if n % 5 == 0 else 1, random) for n, source in enumerate(found)]


def _written(source: Sum, order: int, random: np.random.Generator) -> Written:
    names = list(source.dims)
    program = parse(source.text, names)
    orders = [range(len(names))] * order
    wanted = [(), *(c for n in range(order) for c in itertools.combinations_with_replacement(orders[n], n + 1))]
    derived = derive(program, [tuple(names[i] for i in each) for each in wanted]).program
    points = {name: random.uniform(0.5, 2.0, POINTS) for name in names}
    (jet,) = jets(program, points)
    return Written(source, program, wanted, derived, points, [jet.partial(each) for each in wanted])


def differing(found: Iterable[Array], expected: Iterable[tuple[Array, Array]]) -> list[str]:
    """What differs by more than rounding, where there is a finite number."""
    told = []
    for number, (got, (want, size)) in enumerate(zip(found, expected, strict=True)):
        allowed = ROUNDINGS * np.finfo(np.float64).eps * size
        with np.errstate(invalid="ignore"):
            wrong = np.isfinite(size) & ~(np.abs(got - want) <= allowed)
        if wrong.any():
            told.append(f"{number}: {got}, not {want} ± {allowed}")
    return told


def check(each: Written, found: Iterable[Array], seed: int) -> None:
    """Compares the planes of an expression."""
    told = differing(found, each.expected)
    assert not told, f"seed {seed}, {each.source} by {each.wanted} at {each.points}:\n" + "\n".join(told)


@pytest.mark.parametrize("seed", SEEDS)
def test_simplified_programs_have_the_values_and_partials_of_what_was_written(seed: int) -> None:
    for each in written(seed):
        (jet,) = jets(_simplified(each.program), each.points)
        check(each, [jet.partial(wrt)[0] for wrt in each.wanted], seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_derived_programs_have_the_partials_of_what_was_written(seed: int) -> None:
    for each in written(seed):
        found = values(each.derived.nodes, each.points)
        check(each, [found[output] for output in each.derived.outputs], seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_terms_add_up_to_what_they_were_read_from(seed: int) -> None:
    read = 0
    for each in written(seed):
        nodes = each.derived.nodes
        found = values(nodes, each.points)
        reader = TermReader(nodes, masks_of(nodes, each.source.masks))
        totals = []
        for output in each.derived.outputs:
            addends = reader.terms(output)
            read += addends is not None and len(addends) > 1
            products = [found[output]] if addends is None else [_product(addend.term, found) for addend in addends]
            with np.errstate(invalid="ignore"):
                totals.append(functools.reduce(np.add, products))
        check(each, totals, seed)
    assert read > EACH


@pytest.mark.parametrize("seed", SEEDS)
def test_separated_programs_have_the_values_of_what_they_were_separated_from(seed: int) -> None:
    changed = 0
    for each in written(seed):
        separated = separate(each.derived.nodes, each.derived.outputs, each.source.masks)
        changed += bool(separated.checked)
        found = values(separated.nodes, each.points)
        check(each, [found[output] for output in separated.outputs], seed)
    assert changed > EACH / 2


def test_a_sign_that_is_lost_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison is worth something: what was once wrong fails."""
    monkeypatch.setattr(separated_writer, "_sign", lambda terms: all(not t.factors and not t.divisors for t in terms))
    with pytest.raises(AssertionError, match=rf"seed {SEEDS[0]}, Sum\(text="):
        test_separated_programs_have_the_values_of_what_they_were_separated_from(SEEDS[0])


def _simplified(program: Program) -> Program:
    """The same operations, written down by the algebra that derivatives are written down by."""
    builder = Builder()
    algebra = Algebra(builder)
    places: list[int] = []
    for node in program.nodes:
        if node.op == "input":
            places.append(builder.input(str(node.value)))
        elif node.op == "const":
            places.append(algebra.const(node.number))
        else:
            places.append(algebra.op(node.op, *[places[i] for i in node.args]))
    outputs = tuple(places[i] for i in program.outputs)
    return Program(tuple(builder.nodes), outputs, program.components, program.tuple_valued, program.inputs)


def _product(term: Term, found: Sequence[Array]) -> Array:
    """The value of a term."""
    above, below = ([_factor(each, found) for each in side] for side in (term.factors, term.divisors))
    one = np.ones(POINTS)
    with np.errstate(all="ignore"):
        product = functools.reduce(np.multiply, above, one) / functools.reduce(np.multiply, below, one)
    return -product if term.negative else product


def _factor(factor: int | Exponential, found: Sequence[Array]) -> Array:
    if isinstance(factor, int):
        return found[factor]
    return np.exp(functools.reduce(np.add, [_product(part, found) for part in factor.parts]))
