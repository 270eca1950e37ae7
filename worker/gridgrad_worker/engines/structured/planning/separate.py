"""Separation: sums of products become matrix products, and products meet by the dims of their factors.

Whether a number may be computed so is decided by a guard at run time (`guard`), on what is listed
here: the factors of every term.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.lang.program.nodes import Node
from gridgrad_worker.engines.structured.planning.factored_sum import FactoredSum
from gridgrad_worker.engines.structured.planning.plan import masks_of
from gridgrad_worker.engines.structured.planning.separated_writer import CheckedTerm, SeparatedWriter
from gridgrad_worker.engines.structured.planning.term_reader import TermReader
from gridgrad_worker.engines.structured.planning.terms import Addend, Exponential, Factor, Term, operations_of

__all__ = ["SeparatedProgram", "separate"]

_STEPS_PER_NODE = 32

_WRITTEN = ("add", "sub", "neg", "mul", "div", "exp")
"""What may be written as a sum of products."""

_WORTH = 2
"""How many operations on the grid must be saved in all for the guard to pay."""

_WEIGHTS = {"exp": 4, "div": 2}
"""How much longer operations take than a product."""


class SeparatedProgram(NamedTuple):
    """A program whose sums are separated.

    Args:
        nodes: arguments first, those of the op `SEPARATED` too.
        outputs: the node of each plane of the results.
        checked: the terms of each sum that was changed; they must stay within range.
        ranks: the number of terms of each matrix product.
        saved: how many operations on the grid that saves, as many products as they take the time of.
    """

    nodes: list[Node]
    outputs: tuple[int, ...]
    checked: tuple[tuple[CheckedTerm, ...], ...]
    ranks: tuple[int, ...]
    saved: float


def separate(nodes: Sequence[Node], outputs: Sequence[int], inputs: Mapping[str, int]) -> SeparatedProgram:
    """Separates the sums of a program.

    Args:
        nodes: of a program, arguments first.
        outputs: the node of each plane of the results.
        inputs: the mask of each input.
    """
    masks = masks_of(nodes, inputs)
    saved, forms, needed = _forms(nodes, outputs, masks)
    writer = SeparatedWriter(nodes, masks)
    for index in sorted(needed):
        writer.write(index, forms.get(index))
    checked = tuple(dict.fromkeys(writer.checked))
    places = tuple(writer.places[i] for i in outputs)
    return SeparatedProgram(writer.builder.nodes, places, checked, tuple(writer.ranks), saved)


def _forms(
    nodes: Sequence[Node], outputs: Sequence[int], masks: Sequence[int]
) -> tuple[float, dict[int, FactoredSum], set[int]]:
    """How many operations are saved, how to write what is worth it, and which nodes are then needed."""
    reader = TermReader(nodes, masks)
    budget = _STEPS_PER_NODE * len(nodes)
    forms: dict[int, FactoredSum] = {}
    needed = set(outputs)
    hopeless: set[int] = set()  # sums within sums that are best as they are written
    total = 0.0
    for index in range(len(nodes) - 1, -1, -1):
        if index not in needed:
            continue
        may = masks[index].bit_count() > 1 and index not in hopeless
        may = may and (nodes[index].op in _WRITTEN or reader.passes(index))
        saved, form = _form(reader, nodes, index, masks) if may and reader.steps < budget else (0.0, None)
        if form is None:
            needed.update(nodes[index].args)
            if may:
                hopeless |= reader.sums
        else:
            total += saved
            forms[index] = form
            needed.update(_nodes_of(form.terms))
            needed.update(_nodes_of(form.rest))
    return (total, forms, needed) if total >= _WORTH else (0.0, {}, set(range(len(nodes))))


def _form(
    reader: TermReader, nodes: Sequence[Node], index: int, masks: Sequence[int]
) -> tuple[float, FactoredSum | None]:
    """The best way to write a node, and how many operations it saves; None if that is how it is written."""
    addends = reader.terms(index)
    best: tuple[float, FactoredSum | None] = (0.0, None)
    for split in range(1, masks[index].bit_length()) if addends else ():
        form, read = _split(addends or [], split, masks)
        saved = sum(_WEIGHTS.get(nodes[i].op, 1) for i in read) - form.cost(masks)
        if form.pairs and saved > best[0]:
            best = (saved, form)
    return best


def _split(addends: Sequence[Addend], split: int, masks: Sequence[int]) -> tuple[FactoredSum, set[int]]:
    """Separates terms into what depends on dims before and from `split` on, and says which operations that saves."""
    separable: list[tuple[Term, Term, Term]] = []
    rest: list[Term] = []
    taken: list[Addend] = []
    for addend in addends:
        sides = _sides(addend.term, split, masks)
        if sides is None:
            rest.append(addend.whole)
        else:
            separable.append((addend.term, *sides))
            taken.append(addend)
    by_left: dict[Term, list[Term]] = {}
    by_right: dict[Term, list[Term]] = {}
    for _, left, right in separable:
        by_left.setdefault(_unsigned(left), []).append(right._replace(negative=left.negative != right.negative))
    for _, left, right in separable:
        scalars, pure = _scalars_apart(right, masks)
        by_right.setdefault(pure, []).append(left.times(scalars))
    pairs: list[tuple[tuple[Term, ...], tuple[Term, ...]]]
    if len(by_left) <= len(by_right):
        pairs = [((left,), tuple(rights)) for left, rights in by_left.items()]
    else:
        pairs = [(tuple(lefts), (right,)) for right, lefts in by_right.items()]
    return FactoredSum(split, tuple(pairs), tuple(term for term, _, _ in separable), tuple(rest)), operations_of(taken)


def _sides(term: Term, split: int, masks: Sequence[int]) -> tuple[Term, Term] | None:
    """What of a term depends on dims before `split`, and the rest, scalars included."""
    low = (1 << split) - 1
    parts: list[tuple[Factor, ...]] = []
    for factors in (term.factors, term.divisors):
        before: list[Factor] = []
        after: list[Factor] = []
        for factor in _ordered(factors):
            mask = masks[factor] if isinstance(factor, int) else factor.mask
            if not mask & low:
                after.append(factor)
            elif mask & ~low:
                return None
            else:
                before.append(factor)
        parts += tuple(before), tuple(after)
    return Term(False, parts[0], parts[2]), Term(term.negative, parts[1], parts[3])


def _scalars_apart(right: Term, masks: Sequence[int]) -> tuple[Term, Term]:
    parts: list[tuple[Factor, ...]] = []
    for factors in (right.factors, right.divisors):
        scalars: list[Factor] = []
        others: list[Factor] = []
        for factor in factors:
            (others if (masks[factor] if isinstance(factor, int) else factor.mask) else scalars).append(factor)
        parts += tuple(scalars), tuple(others)
    return Term(right.negative, parts[0], parts[2]), Term(False, parts[1], parts[3])


def _ordered(factors: Sequence[Factor]) -> Sequence[Factor]:
    if len(factors) < 2:
        return factors
    plain = [factor for factor in factors if isinstance(factor, int)]
    return sorted(plain) if len(plain) == len(factors) else sorted(factors, key=_order)


def _order(factor: Factor) -> tuple[int, str]:
    return (factor, "") if isinstance(factor, int) else (-1, repr(factor))


def _unsigned(term: Term) -> Term:
    return term._replace(negative=False)


def _nodes_of(terms: Sequence[Term]) -> set[int]:
    found: set[int] = set()
    for term in terms:
        for factor in term.factors + term.divisors:
            if isinstance(factor, Exponential):
                found |= _nodes_of(factor.parts)
            else:
                found.add(factor)
    return found
